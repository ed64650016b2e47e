"""The terms of `pay.composition`: components, written once, that a policy file puts together to a scheme."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from common.decimals import Share
from common.policy import Terms
from common.text import Code, Line
from payroll.rules.amounts import MOST_HOURS, MOST_PAY, MOST_TOGETHER, MOST_YEARS, MOST_YUAN, Amount, Positive


class ComponentKind(StrEnum):
    SHARE_OF_STANDARD = "share_of_standard"
    POOLED_SHARE_OF_STANDARD = "pooled_share_of_standard"
    SHARE_OF = "share_of"
    POOLED_SHARE_OF = "pooled_share_of"
    BY_TABLE = "by_table"
    PER_YEAR = "per_year"
    CERTIFICATE_ALLOWANCE = "certificate_allowance"
    FLOOR_OF = "floor_of"
    CEILING_OF = "ceiling_of"
    KEPT_LEVEL = "kept_level"
    HOURLY = "hourly"
    ENTERED = "entered"

    @property
    def is_pooled(self) -> bool:
        return self in POOLED

    @property
    def is_monthly(self) -> bool:
        """Known by the month, and paid for part of a month in part."""
        return self not in (ComponentKind.HOURLY, ComponentKind.ENTERED)


_K = ComponentKind
OF_STANDARD = frozenset({_K.SHARE_OF_STANDARD, _K.POOLED_SHARE_OF_STANDARD})
OF_OTHERS = frozenset({_K.SHARE_OF, _K.POOLED_SHARE_OF})
POOLED = frozenset({_K.POOLED_SHARE_OF_STANDARD, _K.POOLED_SHARE_OF})
BASIC = frozenset(
    {_K.SHARE_OF_STANDARD, _K.SHARE_OF, _K.BY_TABLE, _K.PER_YEAR, _K.FLOOR_OF, _K.CEILING_OF, _K.KEPT_LEVEL, _K.HOURLY}
)
NEEDED: dict[ComponentKind, frozenset[str]] = {
    _K.SHARE_OF_STANDARD: frozenset({"share"}),
    _K.POOLED_SHARE_OF_STANDARD: frozenset({"share"}),
    _K.SHARE_OF: frozenset({"share", "of"}),
    _K.POOLED_SHARE_OF: frozenset({"share", "of"}),
    _K.BY_TABLE: frozenset({"keys", "amounts"}),
    _K.PER_YEAR: frozenset({"amount"}),
    _K.FLOOR_OF: frozenset({"amount", "of"}),
    _K.CEILING_OF: frozenset({"amount", "of"}),
    _K.HOURLY: frozenset({"rate"}),
}
ALLOWED: dict[ComponentKind, frozenset[str]] = {
    _K.BY_TABLE: frozenset({"otherwise", "optional"}),
    _K.PER_YEAR: frozenset({"most_years"}),
    _K.ENTERED: frozenset({"entry"}),
}
PERFORMANCE = "performance_pay"
YEARS = "years"

WorkingTime = Literal["full_time", "part_time"]


class Component(BaseModel):
    """One part of pay. Beside what its kind needs, how it counts: left out, as is usual for the kind.

    `in_part_month`: paid in part for part of a month. `counts_as_overtime_basis`: basic income, from which overtime,
    leave pay and union dues are worked out. `paid` false: an amount that only stands for others to take shares of.
    `working_time`: whom it pays; hourly pay is for part-timers, and where a scheme has it the rest is for the others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    component: Code
    label_zh: Line
    kind: ComponentKind
    share: Annotated[Share, Field(gt=0)] | None = None
    of: tuple[Code, ...] = ()
    keys: tuple[Code, ...] = ()
    amounts: dict[str, Amount] = Field(default_factory=dict)
    otherwise: Amount | None = Field(default=None, validation_alias=AliasChoices("else", "otherwise"))
    optional: bool = False
    amount: Amount | None = None
    most_years: int | None = Field(default=None, ge=1, le=MOST_YEARS)
    rate: Positive | None = None
    entry: Code | None = None
    in_part_month: bool | None = None
    counts_for_contributions: bool | None = None
    counts_for_floor: bool = True
    counts_as_overtime_basis: bool | None = None
    taxable: bool = True
    paid: bool = True
    working_time: WorkingTime | None = None

    @model_validator(mode="after")
    def _what_its_kind_needs(self) -> Self:
        given = {
            name
            for name in (
                "share",
                "of",
                "keys",
                "amounts",
                "otherwise",
                "optional",
                "amount",
                "most_years",
                "rate",
                "entry",
            )
            if (value := getattr(self, name)) is not False and value not in (None, (), {})  # zero is an amount
        }
        needed = NEEDED.get(self.kind, frozenset())
        if missing := needed - given:
            raise ValueError(
                f"{self.component}: a component of the kind {self.kind} needs {', '.join(sorted(missing))}"
            )
        if strange := given - needed - ALLOWED.get(self.kind, frozenset()):
            raise ValueError(
                f"{self.component}: a component of the kind {self.kind} has no {', '.join(sorted(strange))}"
            )
        self._table_fits()
        if not self.paid and (self.kind.is_pooled or not self.kind.is_monthly):
            raise ValueError(f"{self.component}: only a monthly amount that is not pooled can be left unpaid")
        return self

    def _table_fits(self) -> None:
        for key in self.amounts:
            words = key.split("|")
            if len(words) != len(self.keys):
                raise ValueError(f"{self.component}: {key!r} has {len(words)} parts, the keys are {len(self.keys)}")
            if YEARS in self.keys and not words[self.keys.index(YEARS)].isdecimal():
                raise ValueError(f"{self.component}: {key!r}: years are counted from a whole number on")

    @property
    def prorated(self) -> bool:
        return self.kind.is_monthly if self.in_part_month is None else self.in_part_month and self.kind.is_monthly

    @property
    def contributes(self) -> bool:
        """A month's entered amounts are left out: contributions go by what is known for every month."""
        given = self.counts_for_contributions
        return self.paid and (self.kind is not _K.ENTERED if given is None else given)

    def most(self, others: Decimal) -> Decimal:
        """Yuan it may come to in a month, either way, where those it is `of` come to `others`."""
        if self.kind in OF_STANDARD:
            return MOST_PAY * (self.share or Decimal(1))
        if self.kind in OF_OTHERS:
            return others * (self.share or Decimal(1))
        if self.kind is _K.CEILING_OF:
            return others
        if self.kind is _K.BY_TABLE:
            return max(*self.amounts.values(), self.otherwise or Decimal(0), Decimal(0))
        if self.kind is _K.HOURLY:
            return MOST_HOURS * (self.rate or Decimal(0))
        if self.kind is _K.PER_YEAR:
            return (self.amount or Decimal(0)) * (self.most_years or MOST_YEARS)
        if self.kind is _K.FLOOR_OF:
            return self.amount or Decimal(0)
        return Decimal(MOST_YUAN if self.kind is _K.CERTIFICATE_ALLOWANCE else MOST_PAY)

    @property
    def is_basic(self) -> bool:
        given = self.counts_as_overtime_basis
        return self.paid and (self.kind in BASIC if given is None else given)

    @property
    def entry_code(self) -> str:
        return self.entry or PERFORMANCE

    def pays_entry(self, code: str) -> bool:
        return self.kind is _K.ENTERED and self.entry_code == code


class PayComposition(Terms):
    components: tuple[Component, ...] = Field(
        title="工资构成", description="各组成项；标准工资各份额合计须为1", min_length=1
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        codes = [component.component for component in self.components]
        if len(set(codes)) != len(codes):
            raise ValueError("each component stands once")
        shares = [one.share or Decimal(0) for one in self.components if one.kind in OF_STANDARD]
        if shares and sum(shares) != 1:
            raise ValueError("the shares of the standard add up to 1")
        for kind in (_K.CERTIFICATE_ALLOWANCE, _K.KEPT_LEVEL, _K.HOURLY):
            if sum(one.kind is kind for one in self.components) > 1:
                raise ValueError(f"at most one component is of the kind {kind}")
        if sum(one.kind.is_pooled for one in self.components) > 1:
            raise ValueError("at most one component is pooled")
        entries = [one.entry_code for one in self.components if one.kind is _K.ENTERED]
        if len(set(entries)) != len(entries):
            raise ValueError("each entry pays one component")
        self._references()
        self._divided()
        self._bounded()
        return self

    def _references(self) -> None:
        known: dict[str, Component] = {}
        for one in self.components:
            for code in one.of:
                if code not in known:
                    raise ValueError(f"{one.component}: {code} is no component before it")
                if not known[code].kind.is_monthly:
                    raise ValueError(f"{one.component}: {code} is not known by the month")
                if known[code].kind is _K.KEPT_LEVEL:
                    raise ValueError(f"{one.component}: {code} tops up the sum of all others and is reckoned last")
            if len(set(one.of)) != len(one.of):
                raise ValueError(f"{one.component}: a component stands twice in `of`")
            known[one.component] = one

    def _divided(self) -> None:
        """Shares of what is not paid itself divide it; shares of what is paid come on top."""
        paid = {one.component: one.paid for one in self.components}
        wholes: dict[tuple[str, ...], Decimal] = {}
        for one in self.components:
            if one.kind in OF_OTHERS:
                if len({paid[code] for code in one.of}) > 1:
                    raise ValueError(f"{one.component}: of amounts that are paid and others that are not")
                if paid[one.of[0]] and one.kind.is_pooled:
                    raise ValueError(
                        f"{one.component}: a pooled share is taken of amounts that are not paid themselves"
                    )
                if not paid[one.of[0]]:
                    wholes[one.of] = wholes.get(one.of, Decimal(0)) + (one.share or 0)
        for of, share in wholes.items():
            if share != 1:
                raise ValueError(f"the shares of {', '.join(of)} add up to 1")
        unpaid = {code for code, is_paid in paid.items() if not is_paid}
        for code in unpaid - {code for of in wholes for code in of}:
            raise ValueError(f"{code}: not paid, and nothing takes a share of it")
        for parts in (self.standard_parts, *(self.parts_of(of) for of in wholes)):
            if len({(one.prorated, one.working_time) for one in parts}) > 1:
                raise ValueError("the shares of one whole are all paid in part for part of a month, or none is")

    def _bounded(self) -> None:
        """Whatever is entered, all of it stays an amount that is reckoned exactly: shares of shares grow quickly."""
        most: dict[str, Decimal] = {}
        for one in self.components:
            most[one.component] = one.most(sum((most[code] for code in one.of), Decimal(0)))
        if sum(most.values()) > MOST_TOGETHER:
            raise ValueError(f"the components may come to more than {MOST_TOGETHER} yuan a month together")

    @cached_property
    def standard_parts(self) -> tuple[Component, ...]:
        return tuple(one for one in self.components if one.kind in OF_STANDARD)

    def parts_of(self, of: Iterable[str]) -> tuple[Component, ...]:
        return tuple(one for one in self.components if one.kind in OF_OTHERS and one.of == of)

    @cached_property
    def unpaid(self) -> frozenset[str]:
        return frozenset(one.component for one in self.components if not one.paid)

    @cached_property
    def pooled(self) -> Component | None:
        return next((one for one in self.components if one.kind.is_pooled), None)

    @cached_property
    def kinds(self) -> frozenset[ComponentKind]:
        return frozenset(one.kind for one in self.components)

    @cached_property
    def monthly(self) -> tuple[Component, ...]:
        """In the order in which they are made: what tops the month's sum up comes last."""
        found = (one for one in self.components if one.kind.is_monthly)
        return tuple(sorted(found, key=lambda one: one.kind is _K.KEPT_LEVEL))

    def pays(self, one: Component, *, part_time: bool) -> bool:
        wanted = one.working_time
        if wanted is None and one.kind is _K.HOURLY:
            wanted = "part_time"
        elif wanted is None and one.kind is not _K.ENTERED:
            wanted = "full_time" if _K.HOURLY in self.kinds else None
        return wanted is None or (wanted == "part_time") is part_time
