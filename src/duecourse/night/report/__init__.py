"""The night's report: one self-contained HTML page, in English or Chinese."""

from duecourse.night.report.data import About, Duty, Refusal, ReportData
from duecourse.night.report.gather import Outputs, gather
from duecourse.night.report.page import LANGUAGES, write_report

__all__ = ["LANGUAGES", "About", "Duty", "Outputs", "Refusal", "ReportData", "gather", "write_report"]
