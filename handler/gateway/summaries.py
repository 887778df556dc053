"""What CloudFormation tells of a template; the macro, which knows no gateway, asks by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.gateway.retry import call_patiently
from handler.values.addresses import without_queries
from handler.values.spec import StackSetSpec
from handler.values.summary import TemplateSummary

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_REFUSED = "ValidationError"


class Unreadable(Exception):
    """CloudFormation cannot make anything of the template; the text is its own."""


class TemplateSummaries:
    """What CloudFormation tells of templates.

    Args:
        client: CloudFormation's.
        warn: Takes what an operator should know: a text, and details by name.
        sleep: Waits for so many seconds before a further try.
    """

    def __init__(
        self,
        client: CloudFormationClient,
        warn: Callable[..., None],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._warn = warn
        self._sleep = sleep

    def read(self, spec: StackSetSpec) -> TemplateSummary | None:
        """Returns what is told of the wanted template.

        Returns:
            None where the function may not ask, or nobody answers.

        Raises:
            Unreadable: There is no such template, or it is none.
        """
        wanted: dict[str, Any] = (
            {"TemplateURL": spec.template_url}
            if spec.template_url
            else {"TemplateBody": spec.template_body}
        )
        try:
            answer = call_patiently(
                lambda: self._client.get_template_summary(**wanted), self._sleep
            )
        except (BotoCoreError, ClientError) as error:
            self._judge(error)
            return None
        return TemplateSummary.from_api(answer)

    def _judge(self, error: BotoCoreError | ClientError) -> None:
        details: Any = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
        if details.get("Code") == _REFUSED:
            raise Unreadable(without_queries(str(details.get("Message", "")))) from error
        self._warn("template is not checked beforehand", cause=without_queries(str(error)))
