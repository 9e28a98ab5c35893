"""A small OpenID provider, run as a process: signed userinfo, PKCE and secrets checked, and faults on demand.

`python -m tests.signing_provider PORT`. PUT /users says who signs in next and with which claims, PUT /fault
what goes wrong meanwhile. Only what ProConnect does and oidc-provider-mock does not.
"""

import base64
import hashlib
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

SECRET = "a secret of the tests"


class State:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    user: dict = {}
    fault = ""
    codes: dict = {}


class Handler(BaseHTTPRequestHandler):
    @property
    def issuer(self):
        return f"http://localhost:{self.server.server_address[1]}"

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/users":
            State.user = body
        else:
            State.fault = body
        self.answer(204, b"")

    def do_GET(self):
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        if self.is_faulty(url.path):
            return None
        pages = {
            "/.well-known/openid-configuration": self.discovery,
            "/jwks": self.jwks,
            "/authorize": self.authorize,
            "/userinfo": self.userinfo,
            "/end": self.end,
        }
        return pages[url.path](query)

    def is_faulty(self, path):
        """Whether the fault of the moment is of this page, which it then answers."""
        if State.fault == f"down {path}":
            self.answer(500, b"")
        elif State.fault == f"moved {path}":
            self.redirect(self.issuer + "/elsewhere")
        else:
            return False
        return True

    def discovery(self, query):
        names = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "userinfo_endpoint": "/userinfo",
            "jwks_uri": "/jwks",
            "end_session_endpoint": "/end",
        }
        found = {name: self.issuer + path for name, path in names.items()} | {"issuer": self.issuer}
        found["code_challenge_methods_supported"] = ["S256"]
        if State.fault == "no pkce":
            found["code_challenge_methods_supported"] = []
        if State.fault in ("silent issuer", "other sender"):
            found["authorization_response_iss_parameter_supported"] = True
        if State.fault == "other issuer":
            found["issuer"] = "https://other.example.org"
        if State.fault == "endpoint elsewhere":
            found["token_endpoint"] = "https://other.example.org/token"
        if State.fault == "huge":
            found["padding"] = "x" * 1_000_000
        self.json(found)

    def jwks(self, query):
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(State.key.public_key()))
        keys = [key | {"kid": "one", "alg": "RS256", "use": "sig"}]
        if State.user.get("signs_by") == "ES256":
            curve = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(State.curve.public_key()))
            keys.append(curve | {"kid": "two", "alg": "ES256", "use": "sig"})
        self.json({"keys": keys})

    def authorize(self, query):
        if min(len(query["state"]), len(query["nonce"])) < 32:
            return self.answer(400, b"")
        code = f"code-{secrets.token_hex(8)}"
        State.codes[code] = query
        answer = {"code": code, "state": query["state"]}
        if State.fault == "given up":
            answer = {"error": "access_denied", "state": query["state"]}
        if State.fault == "other sender":
            answer["iss"] = "https://other.example.org"
        return self.redirect(f"{query['redirect_uri']}?{urlencode(answer)}")

    def do_POST(self):
        sent = {
            k: v[0]
            for k, v in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()
        }
        if self.is_faulty(self.path):
            return None
        asked = State.codes.pop(sent["code"], None)
        verifier = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        basic = base64.b64encode(f"console:{SECRET.replace(' ', '%20')}".encode()).decode()
        if (
            asked is None
            or asked.get("code_challenge", challenge) != challenge
            or asked["redirect_uri"] != sent["redirect_uri"]
            or self.headers["Authorization"] != f"Basic {basic}"
        ):
            return self.json({"error": "invalid_grant"}, 400)
        level = {"acr": asked["acr_values"]} if "acr_values" in asked else {}
        token = self.signed(self.claims() | level | {"nonce": asked["nonce"]}, "id_token")
        return self.json({"access_token": "opaque", "token_type": "Bearer", "id_token": token})

    def claims(self):
        now = int(time.time())
        return {"iss": self.issuer, "aud": "console", "sub": State.user["sub"], "iat": now, "exp": now + 300}

    def signed(self, claims, what):
        fault = State.fault.removeprefix(f"{what} ")
        claims |= {
            "other audience": {"aud": "another client"},
            "other issuer": {"iss": "https://other.example.org"},
            "other subject": {"sub": "somebody else"},
            "other nonce": {"nonce": "another"},
            "other client beside us": {"aud": ["console", "another client"], "azp": "another client"},
            "lower level": {"acr": "eidas0"},
            "without subject": {"sub": ""},
            "expired": {"exp": int(time.time()) - 3600},
        }.get(fault, {})
        if fault == "unsigned":
            return jwt.encode(claims, None, algorithm="none")
        if fault == "signed with our secret":
            return jwt.encode(claims, SECRET, algorithm="HS256", headers={"kid": "one"})
        if fault == "by another curve":
            return jwt.encode(claims, State.curve, algorithm="ES256", headers={"kid": "one"})
        if State.user.get("signs_by") == "ES256":
            return jwt.encode(claims, State.curve, algorithm="ES256", headers={"kid": "two"})
        key = State.other_key if fault == "other key" else State.key
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "one"})

    def userinfo(self, query):
        if State.fault == "userinfo plain":
            return self.json(self.claims() | State.user)
        token = self.signed(self.claims() | State.user, "userinfo")
        return self.answer(200, token.encode(), "application/jwt")

    def end(self, query):
        jwt.decode(query["id_token_hint"], State.key.public_key(), algorithms=["RS256"], audience="console")
        self.redirect(f"{query['post_logout_redirect_uri']}?{urlencode({'state': query['state']})}")

    def json(self, content, status=200):
        self.answer(status, json.dumps(content).encode(), "application/json")

    def redirect(self, location):
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status, body, kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
