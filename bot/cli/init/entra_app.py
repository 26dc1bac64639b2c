"""
The commands that register Latchkey in Entra, with the least permissions, as a script to read and run.

Source: Microsoft, Azure CLI reference, ``az ad app``, ``az ad sp`` and ``az rest``; Graph, "Grant an appRoleAssignment to a
service principal".  The ids of the permissions: docs/how-to/entra-app.md.
"""

from typing import Final

from bot.cli.init.plan import CredentialKind, InstallationPlan, Target
from graph.clouds import CLOUDS, Cloud

GRAPH_APP: Final = "00000003-0000-0000-c000-000000000000"
# All that Latchkey needs: docs/how-to/entra-app.md says what for.
PERMISSIONS: Final = {
    "EntitlementManagement.ReadWrite.All": "9acd699f-1e81-4958-b001-93b1d2506e19",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
}
AZ_CLOUD: Final = {
    CLOUDS[1].graph_url: "AzureUSGovernment",
    CLOUDS[2].graph_url: "AzureUSGovernment",
    CLOUDS[3].graph_url: "AzureChinaCloud",
}


def commands(plan: InstallationPlan) -> str:
    """Return the whole script for bash."""
    parts = [_head(plan)]
    if plan.identity is CredentialKind.MANAGED:
        parts.append(_for_managed_identity(plan.cloud))
    else:
        parts += [_registration(), _credential(plan), _consent(), _said()]
    return "\n".join(parts)


def _head(plan: InstallationPlan) -> str:
    cloud = AZ_CLOUD.get(plan.cloud.graph_url)
    lines = [
        "#!/usr/bin/env bash",
        "# Registers Latchkey in Entra with these permissions of Microsoft Graph, and no others:",
        *(f"#   {name}" for name in PERMISSIONS),
        "# Read it, then run it in this folder, once, after `az login` as somebody who may consent for the whole tenant",
        "# (Privileged Role Administrator or Global Administrator).  Written from the documentation; not tried on a tenant.",
        "set -euo pipefail",
        "umask 077",
        "",
        f"GRAPH={GRAPH_APP}   # Microsoft Graph, in every tenant",
    ]
    if cloud is not None:
        lines.append(
            f'[ "$(az cloud show --query name --output tsv)" = {cloud} ] || '
            f'{{ echo "First: az cloud set --name {cloud}, then az login." >&2; exit 1; }}'
        )
    return "\n".join(lines) + "\n"


def _registration() -> str:
    roles = " \\\n".join(f"  {each}=Role" for each in PERMISSIONS.values())
    return (
        "# A second one would have a second set of permissions.\n"
        "[ -z \"$(az ad app list --filter \"displayName eq 'Latchkey'\" --query '[].appId' --output tsv)\" ] || "
        '{ echo "There is an app called Latchkey already; docs/how-to/entra-app.md has the steps one by one." >&2; exit 1; }\n'
        "APP=$(az ad app create --display-name Latchkey --sign-in-audience AzureADMyOrg --query appId --output tsv)\n"
        'az ad sp create --id "$APP" --output none\n'
        f'az ad app permission add --id "$APP" --api "$GRAPH" --api-permissions \\\n{roles}\n'
    )


def _credential(plan: InstallationPlan) -> str:
    if plan.identity is CredentialKind.CERTIFICATE:
        made = plan.certificate_made_at
        folder = "mkdir -p secrets\n" if plan.has_secret_files else ""
        return (
            "\n# A certificate for a year; its key never leaves this machine.\n"
            f"{folder}"
            "openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=latchkey -keyout latchkey.key -out latchkey.crt\n"
            f"cat latchkey.key latchkey.crt > {made}\n"
            f"rm latchkey.key\n{_for_others(plan, made)}"
            'az ad app credential reset --id "$APP" --append --cert @latchkey.crt --output none\n'
        )
    if plan.identity is CredentialKind.SECRET:
        folder = "secrets/" if plan.has_secret_files else ""
        return (
            "\n# A secret for a year; it is written to the file, and shown nowhere.\n"
            f"mkdir -p ./{folder}\n"
            'az ad app credential reset --id "$APP" --append --years 1 --query password --output tsv '
            f"> {folder}entra-secret\n"
        )
    issuer = plan.issuer or "https://ISSUER-OF-YOUR-CLUSTER/"
    subject = f"system:serviceaccount:{plan.namespace}:latchkey"
    return (
        "\n# Tokens of this service account are the credential; there is no secret.\n"
        'az ad app federated-credential create --id "$APP" --parameters '
        f'\'{{"name": "latchkey", "issuer": "{issuer}", "subject": "{subject}", '
        '"audiences": ["api://AzureADTokenExchange"]}\' --output none\n'
    )


def _for_others(plan: InstallationPlan, file: str) -> str:
    """Return what lets another user within a container read a file that lies in a folder of our own."""
    return f"chmod 0444 {file}\n" if plan.target is Target.COMPOSE else ""


def _consent() -> str:
    return (
        "\n# Entra knows a new app everywhere only after a while.\n"
        "sleep 30\n"
        'az ad app permission admin-consent --id "$APP"\n'
    )


def _said() -> str:
    return (
        '\necho "AZURE_TENANT_ID=$(az account show --query tenantId --output tsv)"\n'
        'echo "AZURE_CLIENT_ID=$APP"\n'
    )


def _for_managed_identity(cloud: Cloud) -> str:
    assignments = f"{cloud.graph_url}/v1.0/servicePrincipals/$SP/appRoleAssignments"
    roles = " \\\n".join(f"  {each}" for each in PERMISSIONS.values())
    return (
        "# The object id of the managed identity: portal.azure.com → the machine → Identity.\n"
        "SP=${1:?give the object id of the managed identity}\n"
        'RESOURCE=$(az ad sp show --id "$GRAPH" --query id --output tsv)\n'
        f"for ROLE in \\\n{roles}\ndo\n"
        f'  az rest --method post --url "{assignments}" --output none --body \\\n'
        '    "{\\"principalId\\": \\"$SP\\", \\"resourceId\\": \\"$RESOURCE\\", \\"appRoleId\\": \\"$ROLE\\"}"\n'
        "done\n"
        '\necho "AZURE_TENANT_ID=$(az account show --query tenantId --output tsv)"\n'
    )
