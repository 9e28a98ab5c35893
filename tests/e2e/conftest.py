"""What browser tests start from."""

import pytest

from tests.e2e.director import MAIL
from tests.factories import PASSWORD, AgentFactory, MandateFactory


@pytest.fixture
def director():
    return AgentFactory.create(email=MAIL, password=PASSWORD)


@pytest.fixture
def school(director):
    """A collège with its director and nobody else."""
    return MandateFactory.create(agent=director).establishment
