"""What the log looks for by itself: disclosures that are gone though nothing erased them."""

from audit.commands.alarms import raise_alarm
from audit.commands.intake import runs
from audit.queries import disclosures as queries
from audit.rules.alarms import AlarmKind
from common.actors import service_actor
from common.clock import utc_now
from common.service import Runtime
from common.transaction import transaction


async def check_disclosures(runtime: Runtime) -> None:
    async with transaction(
        runtime.sessions, actor=service_actor("audit"), now=utc_now(), service="audit", policies=runtime.policies
    ) as tx:
        missing = await queries.missing(tx.session)
        for first, last in runs(sorted({index for index, _ in missing})):
            await raise_alarm(tx, AlarmKind.DISCLOSURE_MISSING, first=first, last=last)
