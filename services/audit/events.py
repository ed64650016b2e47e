from audit.commands.intake import keep_decision
from audit.commands.signing import sign_checkpoint, signer_of
from audit.rules.entries import Told
from common.bus import Envelope
from common.events import Event
from common.events.decisions import DecisionRecorded
from common.service import Runtime
from common.transaction import Transaction


async def keep_told(tx: Transaction, event: Event, envelope: Envelope) -> None:
    """Enter what a service has decided. Anything else in a decisions topic leaves a gap, and that is an alarm."""
    if not isinstance(event, DecisionRecorded):
        return
    told = Told(
        event_id=envelope.event_id,
        source=envelope.source,
        type_name=envelope.type_name,
        sequence=envelope.sequence,
        time=envelope.time,
        content=event.model_dump(mode="json"),
    )
    await keep_decision(tx, told=told)


async def sign_what_came(runtime: Runtime, tx: Transaction) -> None:
    await sign_checkpoint(tx, signer=signer_of(runtime.settings, runtime.keys))
