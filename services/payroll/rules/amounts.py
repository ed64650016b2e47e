"""How large one figure of pay may be: so that whatever is reckoned from several of them stays within int64."""

from typing import Annotated

from pydantic import Field

from common.money import Yuan

MOST_YUAN = 1_000_000  # of one amount: a month's, or once
MOST_OF_YEAR = 100_000_000  # of what is added up over a year, and of the tables it is taxed by
MOST_PAY = 100_000_000  # of anybody's pay of a month: beyond it nobody is paid
MOST_TOGETHER = 100 * MOST_PAY  # of all that a scheme's components could come to
MOST_YEARS = 250  # of service, as far as the calendar goes that is taken
MOST_HOURS = 744  # of the longest month

Amount = Annotated[Yuan, Field(ge=0, le=MOST_YUAN)]
Positive = Annotated[Yuan, Field(gt=0, le=MOST_YUAN)]
AmountOfYear = Annotated[Yuan, Field(ge=0, le=MOST_OF_YEAR)]
