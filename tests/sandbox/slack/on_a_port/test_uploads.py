"""Uploads by Slack's own client, which sends the bytes over a connection of its own."""


async def test_one_call_uploads_and_shares(workspace, client):
    """`files_upload_v2` makes the three steps by itself."""
    await client.files_upload_v2(
        filename="access.csv",
        title="Who has what",
        content="person,package\n",
        channel="C0APPROVALS",
        initial_comment="No rows.",
    )
    message = workspace.channels["C0APPROVALS"].messages[-1]
    assert message.text == "No rows."
    assert (message.files[0].title, message.files[0].content) == (
        "Who has what",
        b"person,package\n",
    )
