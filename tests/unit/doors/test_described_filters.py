"""What a list of master data may be asked for is what the document says."""

import pytest

from authhost.doors.openapi_more import admin_document


@pytest.mark.parametrize(("path", "filters"), [
    ("accounts", {"account", "bank"}), ("safes", {"courier", "account", "bank"}),
    ("cassettes", {"courier"}), ("terminals", {"site"}), ("products", set())])
def test_the_document_has_each_filter(path, filters):
    parameters = admin_document()["paths"][f"/v1/admin/{path}"]["get"]["parameters"]
    assert {one["name"] for one in parameters if one["in"] == "query"} == {
        "limit", "after", "status", *filters}
