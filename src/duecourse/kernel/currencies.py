"""ISO 4217 currency codes and the number of decimals of their minor unit.

Source: ISO 4217:2015, List One as maintained by SIX, and from List Three those withdrawn since 1999,
because old loans are still collected in them. Codes without a minor unit (metals, bond units, SDR, testing)
are left out: nobody owes an instalment in them.
"""

from typing import Final

_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR: Final = "CLF UYW"
_TWO: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT "
    "MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR "
    "SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU "
    "UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
)
_WITHDRAWN_NONE: Final = "BEF BYR ESP GRD ITL LUF PTE ROL TRL"
_WITHDRAWN_TWO: Final = (
    "AFA ATS AZM BGL BYB CSD CUC CYP DEM EEK FIM FRF GHC HRK IEP LTL LVL MGF MRO MTL MZM NLG SDD SIT SKK SLL "
    "SRG STD TMM VEB VEF XEU YUM ZMK ZWD ZWL ZWN ZWR"
)


def _digits() -> dict[str, int]:
    """Return the decimals of every code."""
    groups = ((0, _NONE), (0, _WITHDRAWN_NONE), (2, _TWO), (2, _WITHDRAWN_TWO), (3, _THREE), (4, _FOUR))
    return {code: digits for digits, codes in groups for code in codes.split()}


MINOR_DIGITS: Final = _digits()


def minor_digits(currency: str) -> int:
    """Return the decimals of a currency's minor unit (USD: 2); KeyError when ISO 4217 has no such code."""
    return MINOR_DIGITS[currency]
