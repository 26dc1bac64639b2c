"""The sign-in endpoint: issues tokens to applications that prove who they are."""

import base64
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.tenant.tokens import LIFETIME_SECONDS, Tokens

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class SignInError(Exception):
    """A refusal as Entra words it: *number* is the AADSTS code."""

    def __init__(self, error: str, number: int, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.error, self.number, self.status = error, number, status


class Login:
    """One tenant's sign-in endpoint with one registered application."""

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        client_secret: str,
        tokens: Tokens,
        permissions: set[str],
    ) -> None:
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.client_secret = client_secret
        self.permissions = permissions
        self.certificates: list[x509.Certificate] = []
        # (issuer, subject) of federated credentials, as a workload identity has them.
        self.federated: set[tuple[str, str]] = set()
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """What a sign-in library calls, below the login host."""
        return [
            Route("/common/discovery/instance", self._instance),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
        ]

    async def _instance(self, request: Request) -> Response:
        tenant = f"{_root(request)}/{self.tenant_id}"
        return JSONResponse(
            {
                "tenant_discovery_endpoint": f"{tenant}/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [
                    {
                        "preferred_network": request.url.netloc,
                        "preferred_cache": request.url.netloc,
                        "aliases": [request.url.netloc],
                    }
                ],
            }
        )

    async def _configuration(self, request: Request) -> Response:
        try:
            self._check_tenant(request)
        except SignInError as refusal:
            return _refused(refusal)
        tenant = f"{_root(request)}/{self.tenant_id}"
        return JSONResponse(
            {
                "issuer": f"{tenant}/v2.0",
                "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{tenant}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{tenant}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "scopes_supported": ["openid", "profile", "offline_access"],
            }
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": []})

    async def _token(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        try:
            return JSONResponse(self._grant(request, form), headers={"cache-control": "no-store"})
        except SignInError as refusal:
            return _refused(refusal)

    def _check_tenant(self, request: Request) -> None:
        asked = request.path_params["tenant"]
        if asked.lower() != self.tenant_id:
            raise SignInError(
                "invalid_request",
                90002,
                f"Tenant '{asked}' not found. Check to make sure you have the correct tenant ID "
                "and are signing into the correct cloud.",
                status=400,
            )

    def _grant(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        self._check_tenant(request)
        if form.get("grant_type") != "client_credentials":
            raise SignInError(
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form.get('grant_type')}'.",
                status=400,
            )
        if form.get("client_id") != self.client_id:
            raise SignInError(
                "unauthorized_client",
                700016,
                f"Application with identifier '{form.get('client_id')}' was not found in the "
                "directory 'Contoso'.",
                status=400,
            )
        self._authenticate(request, form)
        if not form.get("scope", "").split(" ")[0].endswith("/.default"):
            raise SignInError(
                "invalid_scope",
                1002012,
                f"The provided value for scope {form.get('scope')} is not valid. Client credential "
                "flows must have a scope value with /.default suffixed to the resource identifier.",
                status=400,
            )
        token = self._tokens.issue(client_id=self.client_id, grants=self.permissions)
        return {
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "ext_expires_in": LIFETIME_SECONDS,
            "access_token": token,
        }

    def _authenticate(self, request: Request, form: dict[str, str]) -> None:
        if form.get("client_assertion_type") == _ASSERTION_TYPE:
            self._check_assertion(request, form.get("client_assertion", ""))
        elif "client_secret" not in form:
            raise SignInError(
                "invalid_client",
                7000216,
                "'client_assertion', 'client_secret' or 'request' is required for the "
                "'client_credentials' grant type.",
            )
        elif form["client_secret"] != self.client_secret:
            raise SignInError(
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is "
                "the client secret value, not the client secret ID, for a secret added to app "
                f"'{self.client_id}'.",
            )

    def _check_assertion(self, request: Request, assertion: str) -> None:
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError:
            raise SignInError(
                "invalid_client", 50027, "JWT token is invalid or malformed.", status=400
            ) from None
        if claims.get("exp", 0) <= time.time():
            raise SignInError(
                "invalid_client",
                700024,
                "Client assertion is not within its valid time range.",
            )
        if claims.get("iss") == self.client_id:
            self._check_certificate(request, assertion, header)
        elif (claims.get("iss"), claims.get("sub")) not in self.federated:
            raise SignInError(
                "invalid_client",
                700213,
                "No matching federated identity record found for presented assertion subject "
                f"'{claims.get('sub')}'.",
            )

    def _check_certificate(self, request: Request, assertion: str, header: dict[str, Any]) -> None:
        for certificate in self.certificates:
            key = certificate.public_key()
            if not isinstance(key, RSAPublicKey) or not _is_named(certificate, header):
                continue
            audience = f"{_root(request)}{request.url.path}"
            try:
                jwt.decode(
                    assertion, key, algorithms=["RS256", "PS256"], audience=audience, leeway=60
                )
            except jwt.PyJWTError:
                break
            return
        raise SignInError(
            "invalid_client",
            700027,
            "Client assertion failed signature validation: the key was not found.",
        )


def _is_named(certificate: x509.Certificate, header: dict[str, Any]) -> bool:
    """Whether a token header's thumbprint is this certificate's."""
    for name, algorithm in (("x5t#S256", hashes.SHA256()), ("x5t", hashes.SHA1())):  # noqa: S303
        if name in header:
            digest = base64.urlsafe_b64encode(certificate.fingerprint(algorithm))
            return bool(digest.rstrip(b"=").decode() == str(header[name]).rstrip("="))
    return False


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _refused(refusal: SignInError) -> Response:
    trace, correlation = str(uuid4()), str(uuid4())
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return JSONResponse(
        {
            "error": refusal.error,
            "error_description": f"AADSTS{refusal.number}: {refusal} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {moment}",
            "error_codes": [refusal.number],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={refusal.number}",
        },
        status_code=refusal.status,
    )
