"""A canary answers for people, not for the identity that a request happens to name."""

from __future__ import annotations

from pathlib import Path

import structlog

from identity_service import DEFINITIONS, Clock, Service, proven, recognised
from offerd.app.process import dispatcher_for
from offerd.bundle import open_bundle
from offerd.events import FoldPlan
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import State
from serving import compile_to


async def test_a_person_is_answered_by_one_revision_under_every_identity(tmp_path: Path) -> None:
    """Whichever identity is named, and also in what its caps count: nobody gets `once` twice."""
    loaded = []
    for name, definitions in (
        ("active", DEFINITIONS.replace("caps: [{event: decision, limit: 1}]", "caps: []")),
        ("canary", DEFINITIONS),
    ):
        source = tmp_path / name
        source.mkdir()
        (source / "all.yaml").write_text(definitions)
        bundle = open_bundle(compile_to(tmp_path / f"{name}-bundle", source))
        loaded.append(Loaded(bundle, FoldPlan.build(bundle.catalogue, bundle.event_filters)))
    active, canary = loaded
    standing = Standing(active, canary, 5_000)
    clock = Clock()
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    with State.open(tmp_path / "state", standing.plans()) as state:
        service = Service(state, dispatcher_for(Revisions(standing, state, log, clock), log), clock)
        by_canary = 0
        for number in range(30):
            person = proven("crm", f"c{number}")
            address = proven("email", f"{number}@example.com")
            device = recognised("ecid", str(number))
            await service.view(person, address, device)
            answers = [
                await service.decide(*who) for who in ([address], [person], [address, device])
            ]
            (revision,) = {answer.revision for answer in answers}
            shown = sum(
                item.offer == "once" for answer in answers for item in answer.propositions[0].items
            )
            is_canary = revision == canary.bundle.revision
            by_canary += is_canary
            assert shown == (1 if is_canary else 3)
        assert 5 < by_canary < 25
    for one in loaded:
        one.bundle.close()
