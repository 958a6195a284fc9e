"""Mails that come in: replies as programs write them, and reports as their standards show them."""

from pathlib import Path
from typing import Final

import yaml

REPLIES: Final[dict[str, dict[str, str]]] = yaml.safe_load(
    Path(__file__).with_name("replies.yaml").read_text(encoding="utf-8")
)

FAILED: Final = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.org>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Message-ID: <20261122093000.ABC@mx.example.org>
Content-Type: multipart/report; report-type=delivery-status; boundary="=B"

--=B
Content-Type: text/plain

I'm sorry to have to inform you that jo@example.org could not be reached.

--=B
Content-Type: message/{kind}

Reporting-MTA: dns; mx.example.org
Arrival-Date: Sun, 22 Nov 2026 09:30:00 +0000

Final-Recipient: rfc822; jo@example.org
Original-Recipient: rfc822;jo@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <jo@example.org> User unknown

--=B
Content-Type: {given_back}

Return-Path: <bounce@lender.example.com>
Message-ID: {name}
To: jo@example.org
Subject: Your loan

--=B--
"""

COMPLAINT: Final = """\
From: <abusedesk@example.com>
Date: Thu, 8 Mar 2005 17:40:36 EDT
Subject: FW: Earn money
To: <abuse@example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP
192.0.2.1 on Thu, 8 Mar 2005 14:00:00 EDT.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

Received: from mailserver.example.net (mailserver.example.net [192.0.2.1])
     by example.com with ESMTP id M63d4137594e46;
     Thu, 08 Mar 2005 14:00:00 -0400
From: <somespammer@example.net>
To: <Undisclosed Recipients>
Subject: Earn money
MIME-Version: 1.0
Content-type: text/plain
Message-ID: {name}
Date: Thu, 02 Sep 2004 12:31:03 -0500

Spam Spam Spam
--part1_13d.2e68ed54_boundary--
"""
"""The example of RFC 5965, appendix B.1, with our Message-ID."""
