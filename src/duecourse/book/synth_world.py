"""The made-up lender: where its borrowers live and what it lends.

None of these terms is anybody's real contract, and amounts are plausible only in size. They are chosen so
that every term of the table `loans` is used by some product and left out by another.
"""

from dataclasses import dataclass
from typing import Final

from duecourse.book.synth_columns import NONE


@dataclass(frozen=True)
class Place:
    """A place where borrowers live; `share` in ppm of borrowers, `hours` ahead of UTC in winter."""

    share: int
    country: str
    region: str
    locality: str
    zones: str
    hours: int
    language: str
    other_language: str


@dataclass(frozen=True)
class Product:
    """Terms of one product. `share` in ppm of loans; money in US cents, made local by the currency's tenths.

    `period` is the days between instalments, 0 for months; `fee` falls due with the first instalment.
    Names and units of the rest as in the table `loans`; NONE is no value.
    """

    share: int
    name: str
    lender_type: str
    counts: tuple[int, int]
    principal: tuple[int, int]
    rate_ppm_year: int
    period: int = 0
    fee: int = 0
    grace_days: int = 0
    late_fee_flat: int = 0
    late_fee_ppm: int = 0
    late_fee_min: int = 0
    late_fee_max: int = NONE
    penalty_ppb_day: int = 0
    penalty_base: str = "principal"
    interest_ppm_year: int = 0
    interest_after_due: str = "stops"
    day_count: str = "actual/365"
    cap_all_in_ppm_year: int = NONE
    cap_charges_ppm: int = NONE
    allocation_order: str = "cost fee penalty interest principal"
    allocation_by: str = "instalment"
    accrual_after_write_off: str = "stops"
    currency: str = ""


PLACES: Final = (
    Place(130_000, "US", "US-CA", "Fresno", "America/Los_Angeles", -8, "en", "es"),
    Place(110_000, "US", "US-NY", "Albany", "America/New_York", -5, "en", "es"),
    Place(90_000, "US", "US-TX", "El Paso", "America/Denver;America/Chicago", -7, "en", "es"),
    Place(60_000, "US", "US-IL", "Chicago", "America/Chicago", -6, "en", "pl"),
    Place(110_000, "MX", "MX-CMX", "Ciudad de México", "America/Mexico_City", -6, "es", "es"),
    Place(90_000, "CN", "CN-GD", "深圳", "Asia/Shanghai", 8, "zh-Hans", "zh-Hans"),
    Place(50_000, "CN", "CN-ZJ", "杭州", "Asia/Shanghai", 8, "zh-Hans", "zh-Hans"),
    Place(100_000, "DE", "DE-NW", "Köln", "Europe/Berlin", 1, "de", "tr"),
    Place(80_000, "ES", "ES-AN", "Sevilla", "Europe/Madrid", 1, "es", "es"),
    Place(70_000, "PL", "PL-14", "Radom", "Europe/Warsaw", 1, "pl", "uk"),
    Place(50_000, "IN", "IN-MH", "Pune", "Asia/Kolkata", 5, "mr", "en"),
    Place(30_000, "JP", "JP-27", "大阪", "Asia/Tokyo", 9, "ja", "ja"),
    Place(20_000, "KW", "KW-KU", "الكويت", "Asia/Kuwait", 3, "ar", "en"),
    Place(10_000, "GB", "GB-SCT", "Dundee", "Europe/London", 0, "en", "en"),
)

CURRENCY_OF: Final = {
    "US": "USD", "MX": "MXN", "CN": "CNY", "DE": "EUR", "ES": "EUR", "PL": "PLN", "IN": "INR", "JP": "JPY",
    "KW": "KWD", "GB": "GBP",
}  # fmt: skip

TENTHS: Final = {
    "USD": 10, "MXN": 180, "CNY": 70, "EUR": 9, "PLN": 40, "INR": 850, "JPY": 15, "KWD": 30, "GBP": 8,
}  # fmt: skip
"""Minor units of a currency for ten US cents, in size only; the yen has no minor unit."""

CURRENCIES: Final = tuple(TENTHS)

PRODUCTS: Final = (
    Product(
        130_000, "short_4", "micro_lender", (4, 4), (10_000, 60_000), 300_000, period=14, fee=500,
        late_fee_flat=700, cap_all_in_ppm_year=720_000, interest_ppm_year=300_000,
    ),
    Product(
        170_000, "micro_6", "micro_lender", (6, 9), (15_000, 120_000), 360_000, grace_days=3,
        late_fee_ppm=50_000, late_fee_min=300, late_fee_max=1_500, penalty_ppb_day=500_000,
        cap_charges_ppm=500_000, allocation_order="principal interest fee penalty cost",
        interest_ppm_year=360_000,
    ),
    Product(
        310_000, "personal_12", "consumer_finance", (12, 12), (50_000, 600_000), 180_000, grace_days=5,
        late_fee_flat=1_000, late_fee_ppm=10_000, late_fee_max=2_500, penalty_ppb_day=300_000,
        penalty_base="instalment", interest_ppm_year=180_000,
    ),
    Product(
        180_000, "personal_18", "bank", (15, 21), (150_000, 1_500_000), 120_000, interest_after_due="runs",
        interest_ppm_year=120_000, day_count="30/360", penalty_ppb_day=136_986,
        accrual_after_write_off="continues", cap_all_in_ppm_year=360_000,
    ),
    Product(
        110_000, "device_12", "consumer_finance", (10, 14), (20_000, 150_000), 0, grace_days=10,
        allocation_by="component", allocation_order="principal interest fee penalty cost",
    ),
    Product(
        80_000, "business_24", "bank", (18, 24), (300_000, 5_000_000), 140_000, fee=5_000, grace_days=2,
        interest_after_due="runs", interest_ppm_year=140_000, day_count="actual/360", penalty_ppb_day=200_000,
        allocation_by="component",
    ),
    Product(
        20_000, "bridge_usd", "bank", (12, 12), (100_000, 900_000), 90_000, interest_after_due="runs",
        interest_ppm_year=90_000, late_fee_flat=1_500, currency="USD",
    ),
)  # fmt: skip
