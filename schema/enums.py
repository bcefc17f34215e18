"""Every enum of the graph in one place to import from. An enum must be described before a type that uses it is made."""

from schema.described import describe as describe
from schema.duty_enums import DUTY_ERRORS as DUTY_ERRORS
from schema.duty_enums import ComponentKind as ComponentKind
from schema.duty_enums import DutyErrorCode as DutyErrorCode
from schema.duty_enums import DutyKind as DutyKind
from schema.duty_enums import RateKind as RateKind
from schema.duty_enums import TariffChangeKind as TariffChangeKind
from schema.filing_enums import ClassificationDecision as ClassificationDecision
from schema.filing_enums import ClassificationMethod as ClassificationMethod
from schema.filing_enums import ClassificationStatus as ClassificationStatus
from schema.filing_enums import EntryStatus as EntryStatus
from schema.filing_enums import FilingEnvironment as FilingEnvironment
from schema.filing_enums import PreclearanceState as PreclearanceState
from schema.filing_enums import ReleaseStatus as ReleaseStatus
from schema.filing_enums import Severity as Severity
from schema.filing_enums import SummaryStatus as SummaryStatus
from schema.trade_enums import EventType as EventType
from schema.trade_enums import Incoterm as Incoterm
from schema.trade_enums import OrderDirection as OrderDirection
from schema.trade_enums import OrganisationKind as OrganisationKind
from schema.trade_enums import ShipmentStatus as ShipmentStatus
from schema.trade_enums import TransportMode as TransportMode
