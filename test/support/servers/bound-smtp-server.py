"""A mail server over TLS from the first byte that lets in by AUTH NTLM and GSSAPI.

It asks the GSSAPI libraries of the system about each login, and tells them which certificate it
shows: they refuse whoever is bound to another. A line of JSON goes to its output for each login and
each message.

Arguments: port, certificate, key, and what the binding must be: "demanded" or "welcome".
"""

import base64
import hashlib
import json
import socketserver
import ssl
import sys
import threading

import gssapi
from gssapi.raw import ChannelBindings

MECHANISMS = {
    "NTLM": gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10"),
    "GSSAPI": gssapi.OID.from_int_seq("1.2.840.113554.1.2.2"),
}

port, certificate, key, binding = sys.argv[1:5]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate, key)
with open(certificate) as file:
    shown = ssl.PEM_cert_to_DER_cert(file.read())
# RFC 5929, section 4: the certificates of the tests are signed with SHA-256.
end_point = b"tls-server-end-point:" + hashlib.sha256(shown).digest()
output = threading.Lock()


def tell(**facts):
    with output:
        print(json.dumps(facts), flush=True)


class Refused(Exception):
    pass


class Session(socketserver.StreamRequestHandler):
    def setup(self):
        self.request = tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def read(self):
        line = self.rfile.readline()
        if not line:
            raise ConnectionError
        return line.rstrip(b"\r\n").decode()

    def ask(self, token):
        self.say("334 " + base64.b64encode(token or b"").decode())
        answer = self.read()
        if answer == "*":
            raise Refused("cancelled")
        return base64.b64decode(answer)

    def log_in(self, name, first):
        mechanism = MECHANISMS[name]
        context = gssapi.SecurityContext(
            usage="accept",
            creds=gssapi.Credentials(usage="accept", mechs=[mechanism]),
            channel_bindings=ChannelBindings(application_data=end_point),
        )
        token = base64.b64decode(first) if first else self.ask(b"")
        while True:
            answer = context.step(token)
            if context.complete:
                break
            token = self.ask(answer)
        if name == "GSSAPI":
            if answer:
                self.ask(answer)
            context.unwrap(self.ask(context.wrap(b"\x01\x00\x00\x00", False).message))
        is_bound = bool(context.actual_flags & gssapi.RequirementFlag.channel_bound)
        if binding == "demanded" and not is_bound:
            raise Refused("not bound")
        # What NTLM calls an account ends with a NUL.
        return str(context.initiator_name).rstrip("\0"), is_bound

    def take(self, user):
        self.say("354 go on")
        lines = []
        while (line := self.read()) != ".":
            lines.append(line)
        tell(mail="\n".join(lines), user=user)
        self.say("250 2.0.0 taken")

    def handle(self):
        user = None
        self.say("220 mail.example.test ESMTP")
        while True:
            command, *rest = self.read().split(" ")
            if command == "EHLO":
                self.say("250-mail.example.test")
                self.say("250 AUTH " + " ".join(MECHANISMS))
            elif command == "AUTH":
                name, first = rest[0], "".join(rest[1:])
                try:
                    user, is_bound = self.log_in(name, first)
                    tell(login=name, user=user, bound=is_bound)
                    self.say("235 2.7.0 welcome")
                except (Refused, gssapi.exceptions.GSSError) as error:
                    tell(login=name, refused=str(error))
                    self.say("535 5.7.8 refused")
            elif command == "QUIT":
                self.say("221 2.0.0 bye")
                return
            elif user is None:
                self.say("530 5.7.0 log in first")
            elif command == "DATA":
                self.take(user)
            else:
                self.say("250 2.0.0 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Connections break: it is what many tests are about."""


with Server(("127.0.0.1", int(port)), Session) as server:
    server.serve_forever()
