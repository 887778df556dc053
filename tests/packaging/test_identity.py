"""What stands in the way of the first call is told as what it is."""

import pytest

from tests.packaging.answers import ACCOUNT, Answers
from tools import identity
from tools.aws import AwsError
from tools.standing import DeployFailed

ARN = f"arn:aws:iam::{ACCOUNT}:user/me"
CALLER = {"Account": ACCOUNT, "Arn": ARN}
UNREACHED = AwsError(
    'Could not connect to the endpoint URL: "https://sts.eu-west-9.amazonaws.com/"'
)
UNKNOWN = AwsError(
    "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The "
    "security token included in the request is invalid"
)


def _refused(region: str, *turns: object) -> str:
    """The refusal where the calls end in these, one after the other."""
    aws = Answers(region=region, given={"get-caller-identity": [*turns]})
    with pytest.raises(DeployFailed) as refused:
        identity.find(aws)
    text = str(refused.value)
    assert "\n" not in text
    return text


def test_who_deploys() -> None:
    """Whoever may is known by account and ARN."""
    found = identity.find(Answers(given={"get-caller-identity": CALLER}))
    assert found == (ACCOUNT, ARN)


@pytest.mark.parametrize("region", ["eu", "eu-west", "Ireland", "eu-west-1a", "eu-west-1/"])
def test_words_that_are_no_region(region: str) -> None:
    """Nobody is asked about what cannot be a Region."""
    assert _refused(region).startswith(f"'{region}' is no Region")


@pytest.mark.parametrize("elsewhere", [CALLER, UNKNOWN])
def test_a_region_that_does_not_exist(elsewhere: object) -> None:
    """Where AWS answers in another Region, the name is wrong, whatever the credentials."""
    assert _refused("eu-west-9", UNREACHED, elsewhere).startswith("Region eu-west-9 does not exist")


@pytest.mark.parametrize("region", ["eu-west-9", "us-east-1"])
def test_no_network(region: str) -> None:
    """Where AWS answers nowhere, the network is missing."""
    assert _refused(region, UNREACHED, UNREACHED).startswith("AWS cannot be reached: Could not")


@pytest.mark.parametrize(
    "said",
    [
        'Failed to connect to proxy URL: "http://proxy:3128"',
        "SSL validation failed for https://sts.eu-west-1.amazonaws.com/ self-signed certificate",
        'Connect timeout on endpoint URL: "https://sts.eu-west-1.amazonaws.com/"',
    ],
)
def test_what_is_between(said: str) -> None:
    """Proxies, certificates and silence are no missing credentials."""
    error = AwsError(said)
    text = _refused("eu-west-1", error, error)
    assert text.startswith(f"AWS cannot be reached: {said}")
    assert "HTTPS_PROXY" in text
    assert "AWS_CA_BUNDLE" in text


def test_a_region_that_is_not_enabled() -> None:
    """Credentials that are good elsewhere are unknown in a Region that the account has off."""
    text = _refused("af-south-1", UNKNOWN, CALLER)
    assert text.endswith("aws account enable-region --region-name af-south-1")


def test_credentials_of_nobody() -> None:
    """Credentials that are unknown everywhere are no good."""
    assert _refused("af-south-1", UNKNOWN, UNKNOWN).startswith("No usable AWS credentials")
    missing = AwsError("Unable to locate credentials. You can configure credentials by ...")
    assert _refused("eu-west-1", missing).startswith("No usable AWS credentials: Unable to locate")


def test_a_profile_that_there_is_not() -> None:
    """A profile is told by its name, with the way to those that there are."""
    missing = AwsError("The config profile (nobody) could not be found")
    text = _refused("eu-west-1", missing)
    assert text.startswith("The config profile (nobody) could not be found. aws configure list")


@pytest.mark.parametrize(
    ("region", "home"),
    [("eu-west-9", "us-east-1"), ("cn-west-9", "cn-north-1"), ("us-gov-x-1", "us-gov-west-1")],
)
def test_where_aws_surely_is(region: str, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each partition is asked in a Region of its own."""
    asked: list[str] = []

    def ask(aws: Answers) -> None:
        asked.append(aws.region)
        raise UNREACHED

    monkeypatch.setattr(identity, "_ask", ask)
    _refused(region)
    assert asked == [region, home]
