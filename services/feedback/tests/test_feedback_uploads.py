"""Photos: what is taken, what is refused, and what is forgotten."""

import io
import struct
import zlib
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from feedback import photos
from feedback.actions.forget_uploads import forget_uploads
from feedback.domain.intake import NotAPhoto, PhotoTooLarge

UPLOADS = "/api/v1/feedback/uploads"


async def upload(world: Any, data: bytes, name: str = "a.jpg", media_type: str = "image/jpeg") -> Any:
    return await world.http.post(UPLOADS, files={"file": (name, data, media_type)})


def encoded(form: str, mode: str = "RGB", size: tuple[int, int] = (20, 10), **options: Any) -> bytes:
    output = io.BytesIO()
    Image.new(mode, size).save(output, form, **options)
    return output.getvalue()


@pytest.mark.parametrize("form, media_type", [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
async def test_the_three_kinds_are_taken_by_their_bytes(world: Any, form: str, media_type: str) -> None:
    answer = await upload(world, encoded(form), name="x.exe", media_type="application/octet-stream")
    assert answer.status_code == 201
    assert answer.json()["media_type"] == media_type


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(100),
        b"%PDF-1.7\n",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xff\xd8\xff\xe0" + bytes(50),
        encoded("PNG")[:40],
        encoded("JPEG")[:-60],
        encoded("GIF"),
        encoded("TIFF"),
    ],
    ids=["empty", "gif", "pdf", "svg", "jpeg-head", "png-cut", "jpeg-cut", "real-gif", "tiff"],
)
async def test_anything_else_is_refused_and_nothing_is_stored(world: Any, data: bytes) -> None:
    answer = await upload(world, data)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("not_a_photo", "invalid")
    assert await world.rows("SELECT id FROM attachment") == []
    assert not [path for path in world.files.rglob("*") if path.is_file()]


def png_bomb(width: int, height: int) -> bytes:
    """A few bytes that claim to be an enormous picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(6400, 6400), (20000, 20000), (65000, 65000)])
async def test_a_picture_of_too_many_pixels_is_refused(world: Any, size: tuple[int, int]) -> None:
    answer = await upload(world, png_bomb(*size))
    assert answer.status_code == 413
    assert answer.json()["code"] == "photo_too_large"


async def test_too_many_bytes_are_refused(world: Any) -> None:
    answer = await upload(world, encoded("PNG") + bytes(photos.MAX_BYTES))
    assert answer.status_code == 413
    assert (await upload(world, bytes(12 * 1024 * 1024))).status_code == 413


@pytest.mark.parametrize(
    "data, media_type, status",
    [
        (b"x", "image/jpeg", 415),
        (b"{}", "application/json", 415),
        (b"--b--", "multipart/form-data", 415),
        (b"nothing of the sort", "multipart/form-data; boundary=b", 400),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
        ),
        (b"", "multipart/form-data; boundary=b", 422),
        (b"--\xff\r\n", "multipart/form-data; boundary=\xff", 422),
    ],
)
async def test_bodies_that_are_no_upload(world: Any, data: bytes, media_type: str, status: int) -> None:
    answer = await world.http.post(UPLOADS, content=data, headers={b"Content-Type": media_type.encode("latin-1")})
    assert answer.status_code == status, answer.text
    assert await world.rows("SELECT id FROM attachment") == []


async def test_two_files_or_another_field_are_refused(world: Any) -> None:
    photo = encoded("JPEG")
    two = await world.http.post(UPLOADS, files=[("file", ("a.jpg", photo)), ("file", ("b.jpg", photo))])
    assert two.status_code == 400
    other = await world.http.post(UPLOADS, files={"photo": ("a.jpg", photo)})
    assert other.status_code == 422


async def test_a_large_photo_never_touches_the_disk(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rolled = []
    monkeypatch.setattr("tempfile.TemporaryFile", lambda *_, **__: rolled.append(1))
    noise = Image.effect_noise((2000, 1500), 90)
    output = io.BytesIO()
    noise.save(output, "PNG")
    assert len(output.getvalue()) > 2 * 1024 * 1024
    assert (await upload(world, output.getvalue())).status_code == 201
    assert rolled == []


def test_what_hides_behind_the_picture_is_gone() -> None:
    script = b"<script>alert(1)</script>"
    cleaned = photos.clean(encoded("JPEG") + script)
    assert script not in cleaned.data
    info = Image.new("RGB", (4, 4))
    output = io.BytesIO()
    text = PngInfo()
    text.add_text("Author", "CANARY-AUTHOR", zip=False)
    info.save(output, "PNG", pnginfo=text)
    assert b"CANARY-AUTHOR" in output.getvalue()
    assert b"CANARY" not in photos.clean(output.getvalue()).data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_colour_mode_is_drawn(mode: str) -> None:
    assert photos.clean(encoded("PNG", mode)).media_type == "image/png"


def test_cmyk_and_transparency() -> None:
    assert photos.clean(encoded("JPEG", "CMYK")).media_type == "image/jpeg"
    with Image.open(io.BytesIO(photos.clean(encoded("PNG", "LA")).data)) as kept:
        assert kept.mode == "RGBA"


def test_the_limits_speak_for_themselves() -> None:
    with pytest.raises(PhotoTooLarge):
        photos.clean(bytes(photos.MAX_BYTES + 1))
    with pytest.raises(NotAPhoto):
        photos.clean(b"text")


async def test_a_photo_belongs_to_one_submission(world: Any) -> None:
    upload_id = (await upload(world, encoded("JPEG"))).json()["upload_id"]
    case = await world.submitted(world.body(attachments=[upload_id]))
    again = await world.post("/submissions", world.body(attachments=[upload_id]), key="k" * 20)
    assert again.json()["code"] == "unknown_upload"
    assert [file["id"] for file in (await case.track()).json()["attachments"]] == [upload_id]
    other = await world.submitted()
    stolen = await world.post("/tracking/attachment", other.key | {"attachment_id": upload_id})
    assert stolen.status_code == 404


async def test_what_nobody_claims_is_forgotten_after_a_day(world: Any) -> None:
    files = world.runtime.part("files")
    claimed = (await upload(world, encoded("JPEG"))).json()["upload_id"]
    await upload(world, encoded("PNG"))
    await world.submitted(world.body(attachments=[claimed]))
    now = world.clock.moment
    async with world.database.write() as session:
        assert await forget_uploads(session, now=now + timedelta(hours=24), files=files) == 0
    async with world.database.write() as session:
        assert await forget_uploads(session, now=now + timedelta(hours=26), files=files) == 1
    assert [str(row.id) for row in await world.rows("SELECT id FROM attachment")] == [claimed]
    assert len([path for path in world.files.rglob("*") if path.is_file()]) == 1
