"""Reads messages with Python's email package: JSON in, one base64 each; JSON out, what each says."""

import base64
import email
import email.header
import email.utils
import inspect
import json
import sys

# Where Python is strict, it takes no domain literal (RFC 5321 section 4.1.3).
IS_STRICT = "strict" in inspect.signature(email.utils.getaddresses).parameters
LENIENT = {"strict": False} if IS_STRICT else {}

MAILBOXES = {"from", "sender", "reply-to", "to", "cc", "bcc"}


def decoded(value):
    return str(email.header.make_header(email.header.decode_header(value)))


def plain(value):
    text = str(value).encode("utf-8", "surrogateescape").decode("utf-8")
    return text.replace("\r\n", "").replace("\n", "")


def header(name, value):
    if name in MAILBOXES:
        pairs = email.utils.getaddresses([plain(value)], **LENIENT)
        return [[decoded(name), address] for name, address in pairs]
    return decoded(plain(value))


def parameters(part, of):
    found = part.get_params(failobj=[], header=of, unquote=True)
    return {
        name.lower(): decoded(plain(email.utils.collapse_rfc2231_value(value)))
        if name.lower() == "name"
        else plain(email.utils.collapse_rfc2231_value(value))
        for name, value in found[1:]
    }


def filename(part):
    found = part.get_filename()
    return None if found is None else plain(found)


def part_facts(part):
    facts = {
        "type": part.get_content_type(),
        "encoding": part.get("Content-Transfer-Encoding", ""),
        "parameters": parameters(part, "content-type"),
        "disposition": part.get_content_disposition(),
        "dispositionParameters": parameters(part, "content-disposition"),
        "filename": filename(part),
        "contentId": part.get("Content-ID"),
        "defects": [type(defect).__name__ for defect in part.defects],
    }
    if part.is_multipart():
        facts["parts"] = [part_facts(inner) for inner in part.get_payload()]
    else:
        facts["content"] = base64.b64encode(part.get_payload(decode=True)).decode()
    return facts


def facts(source):
    message = email.message_from_bytes(base64.b64decode(source))
    headers = [
        [name.lower(), header(name.lower(), value)]
        for name, value in message.raw_items()
        if not name.lower().startswith("content-")
    ]
    return {"headers": headers, "body": part_facts(message)}


print(json.dumps([facts(source) for source in json.load(sys.stdin)]))
