"""Re-encodes photos, so that only pixels remain: no position, device, author, thumbnail or hidden payload."""

import io
import warnings
from dataclasses import dataclass

import filetype
from PIL import Image, ImageOps

from feedback.domain.intake import NotAPhoto, PhotoTooLarge

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_OPTIONS = {"JPEG": {"quality": 88}, "PNG": {}, "WEBP": {"quality": 85}}
_MODES = {"JPEG": ("RGB", "L"), "PNG": ("RGB", "RGBA", "L"), "WEBP": ("RGB", "RGBA")}


@dataclass(frozen=True, slots=True)
class Photo:
    """Clean bytes and what they are."""

    data: bytes
    media_type: str


def clean(data: bytes) -> Photo:
    """Return the photo drawn anew. Raises NotAPhoto or PhotoTooLarge. Slow: run it in a thread.

    The type is read from the bytes, never from the name or the header. The turn noted in the EXIF is applied first.
    """
    if len(data) > MAX_BYTES:
        raise PhotoTooLarge
    kind = filetype.guess(data)
    media_type = kind.mime if kind is not None else ""
    if media_type not in _FORMATS:
        raise NotAPhoto
    form = _FORMATS[media_type]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Photo(_redraw(data, form), media_type)
    except PhotoTooLarge:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLarge from error
    except Exception as error:  # Pillow's decoders raise many kinds for damaged bytes
        raise NotAPhoto from error


def _redraw(data: bytes, form: str) -> bytes:
    with Image.open(io.BytesIO(data), formats=(form,)) as source:
        if source.width * source.height > MAX_PIXELS:
            raise PhotoTooLarge
        upright = ImageOps.exif_transpose(source)
        modes = _MODES[form]
        if upright.mode not in modes:
            transparent = upright.has_transparency_data and "RGBA" in modes
            upright = upright.convert("RGBA" if transparent else "RGB")
        drawn = Image.new(upright.mode, upright.size)
        drawn.paste(upright)
        output = io.BytesIO()
        drawn.save(output, form, **_OPTIONS[form])
        return output.getvalue()
