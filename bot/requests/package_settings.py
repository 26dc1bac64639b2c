"""Find the package settings that hold for a request."""

from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import PackageSettings
from bot.requests.model import Request


def settings_of(request: Request, file: PackageSettingsFile) -> PackageSettings:
    """Return what *file* says of the package of *request*, under the policy that applies to it."""
    terms = request.terms
    return file.settings_for(
        request.package_name,
        package_id=request.package_id,
        catalog=terms.catalog if terms else "",
        policy=terms.policy_name if terms else None,
    )
