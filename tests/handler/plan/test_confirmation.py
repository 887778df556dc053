"""Properties of a request, beside what an event of the stack shows of them."""

from __future__ import annotations

import pytest

from handler.plan.confirmation import contradicts, is_for

_SENT = {
    "ServiceToken": "arn:token",
    "ServiceTimeout": "60",
    "Description": "Grüße?",
    "Active": "true",
    "Count": "3",
    "Parameters": [{"Key": "Secret", "Value": "s3cret"}, {"Key": "Url", "Value": "a-secret-b-c"}],
}


def _shown(**changed: object) -> dict[str, object]:
    return {**_SENT, **changed}


@pytest.mark.parametrize(
    "shown",
    [
        _shown(),
        _shown(ServiceToken="another", ServiceTimeout=3600),
        _shown(Active=True, Count=3),
        _shown(Description="Gr??e?"),
        _shown(Description="Gr????e?"),
        _shown(Parameters=[{"Value": "****", "Key": "Secret"}, _SENT["Parameters"][1]]),
        _shown(
            Parameters=[
                {"Key": "Secret", "Value": "{{resolve:ssm-secure:secret:1}}"},
                {"Key": "Url", "Value": "a-****-b-{{resolve:ssm:x}}"},
            ]
        ),
        _shown(Parameters="*****"),
        "",
        None,
        ["nothing"],
    ],
)
def test_alike(shown: object) -> None:
    """Order, types, frames, hidden values and what is not ASCII make no difference."""
    assert not contradicts(shown, _SENT)


@pytest.mark.parametrize(
    "shown",
    [
        {},
        _shown(More="x"),
        {key: each for key, each in _SENT.items() if key != "Count"},
        _shown(Count="4"),
        _shown(Active="****x"),
        _shown(Description="Grusse?"),
        _shown(Parameters=_SENT["Parameters"][:1]),
        _shown(Parameters={"Secret": "s3cret"}),
        _shown(Count=["3"]),
        _shown(Parameters="text"),
        _shown(
            Parameters=[
                {"Key": "Secret", "Value": "****"},
                {"Key": "Url", "Value": "a-****-x-****-c"},
            ]
        ),
        _shown(
            Parameters=[
                {"Key": "Secret", "Value": "s3cre****cret"},
                {"Key": "Url", "Value": "a-****-c"},
            ]
        ),
    ],
)
def test_others(shown: object) -> None:
    """A member more or less, another value, or another text around a hidden one."""
    assert contradicts(shown, _SENT)


@pytest.mark.parametrize(
    ("token", "is_own"),
    [
        ("arn:aws:lambda:us-east-1:1:function:f", True),
        ("arn:aws:lambda:us-east-1:1:function:f:live", True),
        ("arn:aws:lambda:us-east-1:1:function:f-2", False),
        ("arn:aws:lambda:us-east-1:1:function:theirs", False),
        ("arn:aws:sns:us-east-1:1:topic", False),
        ("****", True),
        (None, True),
    ],
)
def test_whose_resource_it_is(token: str | None, *, is_own: bool) -> None:
    """Somebody else's custom resource that is under way confirms nothing."""
    shown = {} if token is None else {"ServiceToken": token}
    assert is_for(shown, "arn:aws:lambda:us-east-1:1:function:f:7") is is_own
