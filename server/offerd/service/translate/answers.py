"""What was decided, as messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache, partial
from typing import Any, Final, NamedTuple

from google.protobuf.struct_pb2 import Struct

from offerd.admission import to_nested
from offerd.bundle import Bundle
from offerd.content.render import Renderer
from offerd.model.catalogue import FallbackOffer, Offer
from offerd.model.content import ContentType
from offerd.model.decision import (
    Candidate,
    Explanation,
    Exposure,
    Item,
    Outcome,
    Proposition,
    ScopeQuery,
    Selection,
    Stage,
)
from offerd.model.numbering import numbers_of
from offerd.model.selection import RankingMethod
from offerd.service.rendering import Customer
from offerd.service.tokens import ItemReference
from offerd.service.translate.structs import data_to_struct, data_to_value
from offerd.v1 import decision_service_pb2 as pb

MakeToken = Callable[[ItemReference], str]
_CACHED = 16_384

OUTCOMES: Final = {
    Outcome.PROPOSED: pb.OUTCOME_PROPOSED,
    Outcome.TOPPED_UP: pb.OUTCOME_TOPPED_UP,
    Outcome.FALLBACK: pb.OUTCOME_FALLBACK,
    Outcome.NOTHING: pb.OUTCOME_NOTHING,
}
_STAGES = {
    Stage.COLLECTION: pb.STAGE_COLLECTION,
    Stage.LIVE: pb.STAGE_LIVE,
    Stage.REPRESENTATION: pb.STAGE_REPRESENTATION,
    Stage.CONSTRAINT: pb.STAGE_CONSTRAINT,
    Stage.ELIGIBILITY: pb.STAGE_ELIGIBILITY,
    Stage.CAPS: pb.STAGE_CAPS,
    Stage.EXCLUSION: pb.STAGE_EXCLUSION,
    Stage.RANK: pb.STAGE_RANK,
}
_METHODS = {
    None: pb.RANKING_METHOD_MANUAL,
    RankingMethod.PRIORITY: pb.RANKING_METHOD_PRIORITY,
    RankingMethod.FORMULA: pb.RANKING_METHOD_FORMULA,
    RankingMethod.TABLE: pb.RANKING_METHOD_TABLE,
    RankingMethod.MODEL: pb.RANKING_METHOD_MODEL,
}


class _Written(NamedTuple):
    """A content as a message; what fills it in for each request if it has templates."""

    message: pb.Content
    type: ContentType
    renderer: Renderer | None


class Answers:
    """Turns propositions of one bundle into messages, remembering those of its contents.

    The most recent 16,384 contents and attribute sets are kept; others are read from the
    bundle when they are asked for. Content with templates is written anew for each request.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._declared = {a.path: a for a in bundle.catalogue.schema.offer}
        # Of the bundle and not of this object, which would then hold itself, and the bundle open.
        self._content = lru_cache(_CACHED)(partial(_read_content, bundle))
        self._attributes: dict[str, Struct] = {}

    def proposition(
        self,
        proposition: Proposition,
        proposition_id: str,
        make_token: MakeToken | None,
        customer: Customer,
    ) -> pb.Proposition:
        """Returns the message of one proposition; without `make_token` items have no token.

        `customer` is whom content with templates is written for.
        """
        query = proposition.scope
        message = pb.Proposition(
            proposition_id=proposition_id,
            scope=scope_message(query),
            outcome=OUTCOMES[proposition.outcome],
            items=[self.item(item, customer) for item in proposition.items],
        )
        if make_token is not None:
            for item in message.items:
                item.token = make_token(
                    ItemReference(proposition_id, query.decision, query.placement, item.offer)
                )
        if proposition.explanation is not None:
            message.explanation.CopyFrom(explanation_message(proposition.explanation))
        if proposition.exposure is not None:
            message.exposure.CopyFrom(_exposure(proposition.exposure))
        return message

    def item(self, item: Item, customer: Customer) -> pb.Item:
        """Returns the message of one item, without a token."""
        offer = item.offer
        message = pb.Item(
            offer=offer.id,
            fallback=item.selection is None,
            content=self._content_of(item, customer),
            attributes=self._offer_attributes(offer) if offer.attributes else None,
        )
        if item.selection is not None and isinstance(offer, Offer):
            message.selection.CopyFrom(self._selection(item.selection, offer))
        return message

    def is_written_anew(self, item: Item) -> bool:
        """Whether the content of an item differs from request to request."""
        representation = item.representation
        return self._content(representation.content, representation.language).renderer is not None

    def _selection(self, selection: Selection, offer: Offer) -> pb.Selection:
        strategy = selection.strategy
        return pb.Selection(
            strategy="" if strategy is None else strategy.id,
            constraint="" if strategy is None else self._source(strategy.constraint),
            eligibility=self._source(offer.eligibility),
            ranking_method=_METHODS[selection.method],
            score=selection.score or 0.0,
            ranking=selection.ranking,
        )

    def _source(self, rule: int | None) -> str:
        return "" if rule is None else self._bundle.catalogue.rules[rule].source

    def _offer_attributes(self, offer: Offer | FallbackOffer) -> Struct:
        struct = self._attributes.get(offer.id)
        if struct is None:
            struct = data_to_struct(to_nested(offer.attributes, self._declared))
            if len(self._attributes) < _CACHED:
                self._attributes[offer.id] = struct
        return struct

    def _content_of(self, item: Item, customer: Customer) -> pb.Content:
        language = item.representation.language
        written = self._content(item.representation.content, language)
        if written.renderer is None:
            return written.message
        body = customer.rendered(
            written.renderer, self._record(item.offer), item.representation.placement
        )
        return content_message(written.type, body, language)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return numbers_of(self._bundle.catalogue.offers)

    def _record(self, offer: Offer | FallbackOffer) -> dict[str, Any]:
        """What rules read as `offer`: of a fallback offer its id and attributes."""
        if isinstance(offer, FallbackOffer):
            return {**offer.attributes, "id": offer.id}
        return self._bundle.prepared.record(self._numbers[offer.id])


def _read_content(bundle: Bundle, number: int, language: str) -> _Written:
    content = bundle.content(number)
    renderer = None
    if content.templates:
        renderer = Renderer(content, bundle.prepared.rules)
    return _Written(content_message(content.type, content.body, language), content.type, renderer)


def content_message(content_type: ContentType, body: Any, language: str) -> pb.Content:
    """Returns the message of a representation's content; `body` as in `Content`."""
    message = pb.Content(language=language)
    match content_type, body:
        case ContentType.TEXT, str():
            message.text = body
        case ContentType.HTML, str():
            message.html = body
        case ContentType.REDIRECT, str():
            message.redirect_url = body
        case ContentType.IMAGE_LINK, dict():
            message.image_link.CopyFrom(pb.ImageLink(**body))
        case ContentType.KEY_VALUE, dict():
            message.key_values.values.update(body)
        case _:
            message.json.CopyFrom(data_to_value(body))
    return message


def explanation_message(explanation: Explanation) -> pb.Explanation:
    """Returns the message of an explanation."""
    return pb.Explanation(
        funnel=[
            pb.StageCount(stage=_STAGES[stage], count=count) for stage, count in explanation.funnel
        ],
        candidates=[_candidate(candidate) for candidate in explanation.candidates],
    )


def _candidate(candidate: Candidate) -> pb.Candidate:
    return pb.Candidate(
        offer=candidate.offer.id,
        strategy="" if candidate.strategy is None else candidate.strategy.id,
        chosen=candidate.fell_at is None,
        fell_at=None if candidate.fell_at is None else _STAGES[candidate.fell_at],
        reason=candidate.reason,
        score=candidate.score,
    )


def scope_message(query: ScopeQuery) -> pb.Scope:
    """Returns the message of a scope as resolved."""
    return pb.Scope(
        name=query.name,
        decision=query.decision,
        placement=query.placement,
        item_count=query.item_count,
        top_up=query.top_up,
    )


def _exposure(exposure: Exposure) -> pb.Exposure:
    return pb.Exposure(
        experiment=exposure.experiment,
        arm=exposure.arm,
        forced=exposure.forced,
        holdout=exposure.holdout,
    )
