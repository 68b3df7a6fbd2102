"""What several files ask of a rig: shops, tills, phones, papers. One each a module; a module that
wants another one makes its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.bank_scene import Papers
from tests.support.merchants import Shopfront, Till
from tests.support.office import Office, Person
from tests.support.office import opened as opened_office
from tests.support.payments import Root, Shop
from tests.support.phones import Bureau, opened
from tests.support.rig import Rig


@pytest.fixture(scope="module")
def root() -> Root:
    """An authority of phones' certificates."""
    return Root()


@pytest.fixture(scope="module")
def shop(rig: Rig, root: Root) -> Iterator[Shop]:
    """The story of payments, without its doors."""
    made = Shop(rig, root)
    yield made
    made.close()


@pytest.fixture(scope="module")
def front(rig: Rig) -> Shopfront:
    """The merchants' API of a rig that has HTTP."""
    return Shopfront(rig)


@pytest.fixture(scope="module")
def till(front: Shopfront) -> Till:
    """A user of the shop's."""
    return front.till()


@pytest.fixture(scope="module")
def bureau(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """Where payers' phones are enrolled."""
    with opened(rig, tmp_path_factory.mktemp("bureau")) as made:
        yield made


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Certificates of a bank and of its customer."""
    return Papers.made(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def office(rig: Rig) -> Iterator[Office]:
    """People at the door of offices, of the module's own host."""
    with opened_office(rig) as made:
        yield made


@pytest.fixture(scope="module")
def boss(office: Office) -> Person:
    """An administrator."""
    return office.person("administrator")
