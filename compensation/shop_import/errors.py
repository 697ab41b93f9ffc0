"""What can be wrong with an import as a whole; a bad row is not an error but a Reject."""

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid


class MapError(Invalid):
    """The column map is not valid; the message names the place in it."""

    code = "bad_map"
    default = _("The column map is not valid.")


class FileError(Invalid):
    """A file cannot be read or does not fit the map."""

    code = "bad_file"
    default = _("The file cannot be read.")
