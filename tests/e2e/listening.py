"""What a page complains of while a test uses it."""

ABORTED = ("htmx:afterRequest", "htmx:xhr:abort", "htmx:sendAbort")
"""A request that gave way to a newer one or to the next page is no fault; a failed one is told otherwise."""


def complaints(page):
    """The list that the page's errors go to from now on."""
    heard = []

    def hear(line):
        if line.type == "error" and not line.text.startswith(ABORTED):
            heard.append(line.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard
