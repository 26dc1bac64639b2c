"""The sign-in endpoint: issues tokens to applications that prove who they are."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import chance
from sandbox.tenant.app_registration import AppRegistration
from sandbox.tenant.auth_request import SignInError
from sandbox.tenant.login_steps import LoginSteps
from sandbox.tenant.model import User
from sandbox.tenant.sign_in import SignIns
from sandbox.tenant.signing import SigningKeys
from sandbox.tenant.tokens import LIFETIME_SECONDS, Tokens

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


_GRANT_TYPES = {
    "client_credentials",
    "authorization_code",
    "refresh_token",
    "device_code",
    "urn:ietf:params:oauth:grant-type:device_code",
}


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
        users: Mapping[str, User],
    ) -> None:
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.client_secret = client_secret
        self.permissions = permissions
        self.certificates: list[x509.Certificate] = []
        # (issuer, subject) of federated credentials, as a workload identity has them.
        self.federated: set[tuple[str, str]] = set()
        self.app = AppRegistration()
        self.keys = SigningKeys(tenant_id=tenant_id)
        self.sign_ins = SignIns(
            tenant_id=tenant_id,
            client_id=client_id,
            app=self.app,
            tokens=tokens,
            keys=self.keys,
            users=users,
        )
        self.steps = LoginSteps(
            tenant_id=tenant_id,
            client_id=client_id,
            app=self.app,
            sign_ins=self.sign_ins,
            tokens=tokens,
            users=users,
        )
        # Where a browser finds the pages, if not where applications find the endpoints.
        self.browser_url: str | None = None
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """Return what a sign-in library calls, below the login host."""
        return [
            Route("/common/discovery/instance", self._instance),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/devicecode", self._device, methods=["POST"]),
            *self.steps.routes(),
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
        pages = f"{self.browser_url or _root(request)}/{self.tenant_id}"
        return JSONResponse(
            {
                "issuer": f"{tenant}/v2.0",
                "authorization_endpoint": f"{pages}/oauth2/v2.0/authorize",
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{tenant}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{tenant}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
            }
        )

    async def _keys(self, request: Request) -> Response:
        try:
            self._check_tenant(request)
        except SignInError as refusal:
            return _refused(refusal)
        return JSONResponse(self.keys.published())

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
        if form.get("grant_type") not in _GRANT_TYPES:
            raise SignInError(
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form.get('grant_type')}'.",
                status=400,
            )
        self._check_client(form)
        if form["grant_type"] != "client_credentials":
            # A person signs in, often through an application that keeps no secret.
            proves = "client_secret" in form or "client_assertion" in form
            if proves:
                self._authenticate(request, form)
            return self.sign_ins.redeem(
                form, issuer=f"{_root(request)}/{self.tenant_id}/v2.0", is_authenticated=proves
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

    def _check_client(self, form: Mapping[str, str]) -> None:
        if form.get("client_id") != self.client_id:
            raise SignInError(
                "unauthorized_client",
                700016,
                f"Application with identifier '{form.get('client_id')}' was not found in the "
                "directory 'Contoso'.",
                status=400,
            )

    async def _device(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        try:
            self._check_tenant(request)
            self._check_client(form)
        except SignInError as refusal:
            return _refused(refusal)
        begun = self.sign_ins.begin_device(
            form.get("scope", ""), login_url=self.browser_url or _root(request)
        )
        return JSONResponse(begun)

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
        if claims.get("exp", 0) <= self._tokens.seconds():
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
    """Tell whether a token header's thumbprint is this certificate's."""
    for name, algorithm in (("x5t#S256", hashes.SHA256()), ("x5t", hashes.SHA1())):  # noqa: S303
        if name in header:
            digest = base64.urlsafe_b64encode(certificate.fingerprint(algorithm))
            return bool(digest.rstrip(b"=").decode() == str(header[name]).rstrip("="))
    return False


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _refused(refusal: SignInError) -> Response:
    trace, correlation = str(chance.uuid4()), str(chance.uuid4())
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
            **({"claims": refusal.claims} if refusal.claims else {}),
            **({"suberror": refusal.suberror} if refusal.suberror else {}),
        },
        status_code=refusal.status,
    )
