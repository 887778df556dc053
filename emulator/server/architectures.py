"""Lambda refuses an architecture that a runtime does not have; ministack takes any."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

# The runtimes of Amazon Linux 1, which does not run on arm64.
_X86_ONLY = frozenset(
    {
        *("python2.7", "python3.6", "python3.7", "nodejs10.x", "java8", "go1.x"),
        *("ruby2.5", "dotnetcore2.1", "provided"),
    }
)


class ArchitectureRefusedError(ValueError):
    """The runtime does not have the architecture."""


def install() -> None:
    """Check architectures in Lambda's own API and in what CloudFormation asks of it."""
    lambda_svc._create_function = _checking_creation(lambda_svc._create_function)  # noqa: SLF001
    lambda_svc._update_code = _checking_update(lambda_svc._update_code)  # noqa: SLF001
    lambda_svc._update_config = _checking_update(lambda_svc._update_config)  # noqa: SLF001
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]  # noqa: SLF001
    handlers["create"] = _creating(handlers["create"])
    handlers["update"] = _updating(handlers["update"])


def check(runtime: str, architectures: list[str] | None) -> None:
    """Refuse a runtime on an architecture that it does not have.

    Raises:
        ArchitectureRefusedError: With Lambda's text.
    """
    if runtime in _X86_ONLY and "arm64" in (architectures or ()):
        message = (
            "Runtime provided does not support the following architectures [arm64]. Please "
            "select different architectures from [x86_64] or select a different runtime."
        )
        raise ArchitectureRefusedError(message)


def _refusal(error: ArchitectureRefusedError) -> Any:  # noqa: ANN401 - ministack is untyped
    return error_response_json("InvalidParameterValueException", str(error), 400)


def _checking_creation(create: Any) -> Any:  # noqa: ANN401
    @functools.wraps(create)
    def wrapper(data: Mapping[str, Any]) -> Any:  # noqa: ANN401
        try:
            check(data.get("Runtime", ""), data.get("Architectures"))
        except ArchitectureRefusedError as error:
            return _refusal(error)
        return create(data)

    return wrapper


def _checking_update(update: Any) -> Any:  # noqa: ANN401
    """UpdateFunctionCode has the architecture, UpdateFunctionConfiguration the runtime.

    Each is checked against what the function has of the other at that moment.
    """

    @functools.wraps(update)
    def wrapper(name: str, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
        config = lambda_svc._functions.get(name, {}).get("config", {})  # noqa: SLF001
        try:
            check(
                data.get("Runtime", config.get("Runtime", "")),
                data.get("Architectures", config.get("Architectures")),
            )
        except ArchitectureRefusedError as error:
            return _refusal(error)
        return update(name, data)

    return wrapper


def _creating(create: Any) -> Any:  # noqa: ANN401
    @functools.wraps(create)
    def wrapper(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:  # noqa: ANN401
        check(props.get("Runtime", ""), props.get("Architectures"))
        return create(logical_id, props, stack_name)

    return wrapper


def _updating(update: Any) -> Any:  # noqa: ANN401
    """CloudFormation calls UpdateFunctionCode first, while the runtime is still the old one.

    ministack hands the architecture to the second call, beside the new runtime.
    """

    @functools.wraps(update)
    def wrapper(physical_id: str, old: dict[str, Any], new: dict[str, Any], *names: str) -> Any:  # noqa: ANN401
        if new.get("Architectures") != old.get("Architectures"):
            check(old.get("Runtime", ""), new.get("Architectures"))
        return update(physical_id, old, new, *names)

    return wrapper
