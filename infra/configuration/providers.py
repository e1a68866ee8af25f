"""Domains of public mail providers, whose users cannot set DNS records there."""

from __future__ import annotations

PUBLIC_PROVIDERS = frozenset(
    {
        *("aol.com", "bluewin.ch", "free.fr", "fastmail.com", "freenet.de"),
        *("gmail.com", "googlemail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net"),
        *("hotmail.com", "hotmail.co.uk", "hotmail.de", "hotmail.fr", "hotmail.it"),
        *("icloud.com", "laposte.net", "libero.it", "live.com", "mac.com", "mail.com", "mail.ru"),
        *("me.com", "msn.com", "orange.fr", "outlook.com", "outlook.de", "outlook.fr"),
        *("pm.me", "posteo.de", "proton.me", "protonmail.com", "qq.com", "t-online.de"),
        *("126.com", "163.com", "wanadoo.fr", "web.de", "yahoo.co.jp", "yahoo.co.uk"),
        *("yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.it", "yandex.com", "yandex.ru", "zoho.com"),
    }
)
"""The large ones. Each publishes a DMARC record, or filters mail with its domain in From."""
