"""A photo of a flooded lane as a phone takes it: with the position and the device in its EXIF data."""

import io

from PIL import Image, ImageDraw
from PIL.ExifTags import GPS, IFD, Base

LATITUDE, LONGITUDE = (10, 1, 59.16), (105, 46, 37.2)
DEVICE = "NHIPCAU-CANARY-PHONE"


def photo_with_position() -> bytes:
    """Return a JPEG whose EXIF data name a place in Phường Ninh Kiều and a device."""
    image = Image.new("RGB", (640, 480), (96, 110, 118))
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 480), (640, 480), (420, 200), (240, 200)], fill=(120, 104, 78))
    for line in range(210, 480, 18):
        draw.line([(0, line), (640, line + 6)], fill=(150, 140, 120), width=3)
    exif = Image.Exif()
    exif[Base.Make] = DEVICE
    position = exif.get_ifd(IFD.GPSInfo)
    position[GPS.GPSLatitudeRef], position[GPS.GPSLatitude] = "N", LATITUDE
    position[GPS.GPSLongitudeRef], position[GPS.GPSLongitude] = "E", LONGITUDE
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=88, exif=exif)
    return stored.getvalue()


def traces(stored: bytes) -> list[str]:
    """Name what of the sender is left in stored bytes: GPS data, any other EXIF data, or the device's name."""
    left = []
    exif = Image.open(io.BytesIO(stored)).getexif()
    if exif.get_ifd(IFD.GPSInfo):
        left.append("gps")
    if len(exif):
        left.append("exif")
    if DEVICE.encode() in stored:
        left.append("device")
    return left
