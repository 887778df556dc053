"""What CloudFormation tells of a template before there is a change set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handler.values.addresses import as_https, without_queries
from handler.values.summary import TemplateSummary
from macro.fragment import NotTaken, Summarize

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


def summarizer(
    cloudformation: Callable[[], CloudFormationClient], neighbour: str, warn: Callable[..., None]
) -> Summarize:
    """Make what asks for the summary of a template.

    Args:
        cloudformation: Gives the client; called only when there is something to ask.
        neighbour: An ARN in the partition of the templates' buckets.
        warn: Takes what an operator should know: a text, and details by name.

    Returns:
        A function of a TemplateURL or a TemplateBody: the summary, or None where nobody tells. It
        raises NotTaken.
    """

    def summarize(wanted: Mapping[str, str]) -> TemplateSummary | None:
        url = wanted.get("TemplateURL")
        asked = {"TemplateURL": as_https(url, neighbour)} if url else wanted
        try:
            answer = cloudformation().get_template_summary(**asked)  # type: ignore[arg-type]
        except (BotoCoreError, ClientError) as error:
            details = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
            if details.get("Code") == "ValidationError":
                raise NotTaken(without_queries(details.get("Message", ""))) from error
            warn("template is not checked beforehand", cause=without_queries(str(error)))
            return None
        return TemplateSummary.from_api(answer)

    return summarize
