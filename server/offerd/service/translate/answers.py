"""What was decided, as messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from google.protobuf.struct_pb2 import Struct

from offerd.admission import to_nested
from offerd.bundle import Bundle
from offerd.model.catalogue import Content, ContentType, FallbackOffer, Offer
from offerd.model.decision import Explanation, Item, Outcome, Proposition, Stage
from offerd.service.tokens import ItemReference
from offerd.service.translate.structs import data_to_struct, data_to_value
from offerd.v1 import decision_service_pb2 as pb

MakeToken = Callable[[ItemReference], str]
_CACHED = 16_384

_OUTCOMES = {
    Outcome.PROPOSED: pb.OUTCOME_PROPOSED,
    Outcome.FALLBACK: pb.OUTCOME_FALLBACK,
    Outcome.NOTHING: pb.OUTCOME_NOTHING,
}
_STAGES = {stage: pb.Stage.Name(stage.value) for stage in Stage}


class Answers:
    """Turns propositions of one bundle into messages, remembering those of its contents.

    The most recent 16,384 contents and attribute sets are kept; others are read from the
    bundle when they are asked for.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._declared = {a.path: a for a in bundle.catalogue.schema.offer}
        self._content = lru_cache(_CACHED)(self._read_content)
        self._attributes: dict[str, Struct] = {}

    def proposition(
        self, proposition: Proposition, proposition_id: str, make_token: MakeToken | None
    ) -> pb.Proposition:
        """Returns the message of one proposition; without `make_token` items have no token."""
        query = proposition.scope
        message = pb.Proposition(
            proposition_id=proposition_id,
            scope=pb.Scope(
                name=query.name,
                decision=query.decision,
                placement=query.placement,
                item_count=query.item_count,
            ),
            outcome=_OUTCOMES[proposition.outcome],
            items=[self._item(item) for item in proposition.items],
        )
        if make_token is not None:
            for item in message.items:
                item.token = make_token(
                    ItemReference(proposition_id, query.decision, query.placement, item.offer)
                )
        if proposition.explanation is not None:
            message.explanation.CopyFrom(explanation_message(proposition.explanation))
        return message

    def _item(self, item: Item) -> pb.Item:
        offer = item.offer
        message = pb.Item(
            offer=offer.id,
            fallback=item.strategy is None,
            content=self._content(item.representation.content, item.representation.language),
            attributes=self._offer_attributes(offer) if offer.attributes else None,
        )
        if item.strategy is not None and isinstance(offer, Offer):
            message.selection.CopyFrom(
                pb.Selection(
                    strategy=item.strategy.id,
                    constraint=self._source(item.strategy.constraint),
                    eligibility=self._source(offer.eligibility),
                    ranking_method=pb.RANKING_METHOD_PRIORITY,
                    score=item.score or 0.0,
                )
            )
        return message

    def _source(self, rule: int | None) -> str:
        return "" if rule is None else self._bundle.catalogue.rules[rule].source

    def _offer_attributes(self, offer: Offer | FallbackOffer) -> Struct:
        struct = self._attributes.get(offer.id)
        if struct is None:
            struct = data_to_struct(to_nested(offer.attributes, self._declared))
            if len(self._attributes) < _CACHED:
                self._attributes[offer.id] = struct
        return struct

    def _read_content(self, number: int, language: str) -> pb.Content:
        return content_message(self._bundle.content(number), language)


def content_message(content: Content, language: str) -> pb.Content:
    """Returns the message of a representation's content."""
    message = pb.Content(language=language)
    body = content.body
    match content.type, body:
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
        candidates=[
            pb.Candidate(
                offer=candidate.offer.id,
                strategy=candidate.strategy.id,
                chosen=candidate.fell_at is None,
                fell_at=None if candidate.fell_at is None else _STAGES[candidate.fell_at],
                reason=candidate.reason,
            )
            for candidate in explanation.candidates
        ],
    )
