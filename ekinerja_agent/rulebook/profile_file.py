"""What may stand in profiles/NAME.yaml, as a person writes it.

Promises that a file says each thing in one way. `deductions` and `payment` say what may stand under each key. Does not
know the profile that a file extends.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import model_validator

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook.activities import ActivitiesEntry, RequestSilenceEntry, SilenceEntry
from ekinerja_agent.rulebook.dated import IN_ORDER
from ekinerja_agent.rulebook.deductions import (
    AbsenceDayEntry,
    BandsEntry,
    BaseEntry,
    CapEntry,
    CeremoniesEntry,
    EventsEntry,
    FlexibleStartEntry,
    MassAnomalyEntry,
    MissingEntry,
    PerMinuteEntry,
    ScansEntry,
)
from ekinerja_agent.rulebook.measures import IndicatorsEntry, PlansEntry, SakipEntry, WorkloadEntry
from ekinerja_agent.rulebook.payment import (
    AbsencesEntry,
    CorrectionsEntry,
    FactorsEntry,
    PerformanceEntry,
    SplitEntry,
    TargetEntry,
    TransfersEntry,
)
from ekinerja_agent.yamlfile import FileSection, KeyPath, faults
from ekinerja_agent.yamlfile.scalars import Id, Text

Bands = Annotated[tuple[BandsEntry, ...], *IN_ORDER]
PerMinute = Annotated[tuple[PerMinuteEntry, ...], *IN_ORDER]
Caps = Annotated[tuple[CapEntry, ...], *IN_ORDER]

IN_TWO_WAYS: Final = {
    # of each direction, a file may have one of both
    "late_classes": "late_per_minute",
    "early_classes": "early_per_minute",
    "break_late_classes": "break_late_per_minute",
    "break_early_classes": "break_early_per_minute",
}


class ProfileFile(FileSection):
    """profiles/NAME.yaml: what a regency chose. What is not here comes from the profile it extends."""

    title: Text
    extends: Id | None = None
    """The profile whose values stand where this file has none."""
    schedule: Id | None = None
    """The working week, or the shifts, of units that name none: a name of schedules.yaml or of a file in schedules/."""
    scans: Annotated[tuple[ScansEntry, ...], *IN_ORDER] = ()
    """The expected scans of a day and their windows."""
    late_early_classes: Bands = ()
    """Minutes late (TL1, TL2 …) and left early (PSW1, PSW2 …), where both cost the same."""
    late_classes: Bands = ()
    """Minutes late at arrive (TL1 …), instead of late_early_classes."""
    late_per_minute: PerMinute = ()
    """What each minute late at arrive costs (TLM), instead of classes."""
    early_classes: Bands = ()
    """Minutes left early (PSW1 …), instead of late_early_classes."""
    early_per_minute: PerMinute = ()
    """What each minute left early costs (PSWM), instead of classes."""
    break_late_classes: Bands = ()
    """Minutes late back from the break (IST1 …)."""
    break_late_per_minute: PerMinute = ()
    """What each minute late back from the break costs (ISTM), instead of classes."""
    break_early_classes: Bands = ()
    """Minutes left early to the break (ISC1 …)."""
    break_early_per_minute: PerMinute = ()
    """What each minute left early to the break costs (ISCM), instead of classes."""
    flexible_start: Annotated[tuple[FlexibleStartEntry, ...], *IN_ORDER] = ()
    """Time after the due time that is made good by leaving later (else KT1 …); none: there is none."""
    missing_scan: Annotated[tuple[MissingEntry, ...], *IN_ORDER] = ()
    """Each missing scan of a day that has others."""
    absence_day: Annotated[tuple[AbsenceDayEntry, ...], *IN_ORDER] = ()
    """A day with no scan and no document (TK)."""
    base: Annotated[tuple[BaseEntry, ...], *IN_ORDER] = ()
    """Of what the percentages are taken: the discipline part, the whole allowance, or each of both parts."""
    day_cap: Caps = ()
    """The most that one day may cost; none: no cap."""
    month_cap: Caps = ()
    """The most that the findings of one month may cost; none: no cap."""
    events: Annotated[tuple[EventsEntry, ...], *IN_ORDER] = ()
    """What it costs to miss apel, upacara or krida; {} costs nothing."""
    ceremonies: Annotated[tuple[CeremoniesEntry, ...], *IN_ORDER] = ()
    """Monthly ceremonies that nobody has to import; an empty list has none."""
    split: Annotated[tuple[SplitEntry, ...], *IN_ORDER] = ()
    """Shares of the allowance."""
    target_minutes: Annotated[tuple[TargetEntry, ...], *IN_ORDER] = ()
    """Minutes of approved activities that make 100 %."""
    performance: Annotated[tuple[PerformanceEntry, ...], *IN_ORDER] = ()
    """How performance is scored."""
    absences: Annotated[tuple[AbsencesEntry, ...], *IN_ORDER] = ()
    """The known kinds of absence."""
    factors: Annotated[tuple[FactorsEntry, ...], *IN_ORDER] = ()
    """What the allowance is multiplied by."""
    transfers: Annotated[tuple[TransfersEntry, ...], *IN_ORDER] = ()
    """Who moves within a month is paid as on its first working day, or by each spell's working days."""
    corrections_per_month: Annotated[tuple[CorrectionsEntry, ...], *IN_ORDER] = ()
    """How many corrections of a person may be approved in a month; none: any number."""
    mass_anomaly: Annotated[tuple[MassAnomalyEntry, ...], *IN_ORDER] = ()
    """When so many share a finding that a person must look before it costs anyone; none: never."""
    plans: Annotated[tuple[PlansEntry, ...], *IN_ORDER] = ()
    """When a plan (RPOK) is on track, needs attention or is critical, and what it costs who answers for it."""
    indicators: Annotated[tuple[IndicatorsEntry, ...], *IN_ORDER] = ()
    """Indicators of persons and units as parts of the performance score; none: minutes or the rating alone."""
    workload: Annotated[tuple[WorkloadEntry, ...], *IN_ORDER] = ()
    """Workload analysis (ABK): minutes of a year, classes of effectiveness. It costs nobody anything."""
    sakip: Annotated[tuple[SakipEntry, ...], *IN_ORDER] = ()
    """Accountability (SAKIP): weights, grades and the target. It costs nobody anything."""
    activities: Annotated[tuple[ActivitiesEntry, ...], *IN_ORDER] = ()
    """Which daily activities are taken, and what of them counts."""
    superior_silence: Annotated[tuple[SilenceEntry, ...], *IN_ORDER] = ()
    """What becomes of an activity that no superior decides."""
    request_silence: Annotated[tuple[RequestSilenceEntry, ...], *IN_ORDER] = ()
    """Days after which a request for leave or travel that nobody decided is rejected; none: it waits."""

    @model_validator(mode="after")
    def _each_thing_in_one_way(self) -> ProfileFile:
        wrong: list[tuple[KeyPath, Message]] = [
            (
                (per_minute,),
                Message("{classes} says already what these minutes cost; delete one of both", classes=classes),
            )
            for classes, per_minute in IN_TWO_WAYS.items()
            if getattr(self, classes) and getattr(self, per_minute)
        ]
        if wrong:
            raise faults(wrong)
        return self
