"""Why a file of values is refused as a whole, each with what to do next."""

from typing import ClassVar

from servicekit.errors import Conflict, DomainError, Invalid, Kind


class EmptyFile(Invalid):
    """There is nothing in it."""

    code = "empty_file"
    vi = "Tệp không có dữ liệu. Hãy dùng tệp mẫu và nhập ít nhất một dòng."
    en = "There is nothing in the file. Use the template and fill in at least one row."


class NotThisType(DomainError):
    """The bytes are not what the content type says."""

    kind: ClassVar[Kind] = Kind.UNSUPPORTED
    code = "not_this_type"
    vi = "Nội dung tệp không đúng với Content-Type. Hãy gửi CSV (UTF-8), XLSX hoặc JSON đúng loại."
    en = "The bytes are not what Content-Type says. Send CSV (UTF-8), XLSX or JSON under its own type."


class NotUtf8(Invalid):
    """A CSV in another encoding would turn Vietnamese letters into something else."""

    code = "not_utf8"
    vi = "Tệp CSV phải ở bảng mã UTF-8 (có hoặc không có BOM). Trong Excel hãy chọn “CSV UTF-8”."
    en = "A CSV must be UTF-8, with or without BOM. In Excel choose “CSV UTF-8”."


class BrokenTable(Invalid):
    """Quotes or cells of a CSV, or parts of a workbook, do not fit together."""

    code = "broken_table"
    vi = "Tệp bị hỏng hoặc không đọc được ở dòng {line}. Hãy lưu lại tệp từ phần mềm bảng tính rồi gửi lại."
    en = "The file is damaged or cannot be read at line {line}. Save it again from a spreadsheet program."


class UnknownColumns(Invalid):
    """The header names something that is not known, twice, or not all that is needed; `errors` lists what."""

    code = "unknown_columns"
    vi = "Dòng tiêu đề không đúng. Hãy dùng tên cột của tệp mẫu."
    en = "The header is not right. Use the column names of the template."


class TooManyRows(DomainError):
    """More than one import takes."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    code = "too_many_rows"
    vi = "Tệp quá lớn: tối đa {rows} dòng và {columns} cột. Hãy chia thành nhiều tệp."
    en = "The file is too large: {rows} rows and {columns} columns at most. Split it."


class WorkbookTooLarge(DomainError):
    """Unpacked it would take more than anybody's table of values (a zip bomb looks like this)."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    code = "workbook_too_large"
    vi = "Tệp XLSX quá lớn khi giải nén. Hãy chỉ giữ bảng số liệu, hoặc gửi CSV."
    en = "The XLSX file is too large when unpacked. Keep the table of values only, or send CSV."


class OneSheetNeeded(Invalid):
    """Which of several sheets is meant would be a guess."""

    code = "one_sheet_needed"
    vi = "Tệp XLSX phải có đúng một trang tính. Hãy xóa các trang khác."
    en = "The XLSX file must have exactly one sheet. Delete the others."


class ImportRefused(Conflict):
    """Rows have conflicts and nothing is imported by halves; `errors` lists them by line and column."""

    code = "import_refused"
    vi = "Có {conflicts} dòng lỗi nên chưa nhập dòng nào. Hãy sửa các dòng được nêu rồi gửi lại tệp."
    en = "{conflicts} rows have conflicts, so nothing was imported. Correct the listed rows and send the file again."


class ImportOvertaken(Conflict):
    """Somebody changed a report of the file while it was being imported."""

    code = "import_overtaken"
    vi = "Có người vừa sửa một báo cáo trong tệp. Chưa nhập dòng nào; hãy gửi lại tệp."
    en = "Somebody has just changed a report of the file. Nothing was imported; send the file again."


class ReportInUse(Conflict):
    """Something else hangs on a draft that was to be deleted."""

    code = "report_in_use"
    vi = "Có báo cáo đã gắn minh chứng hoặc nội dung khác nên không xóa được. Chưa xóa dòng nào."
    en = "Evidence or something else hangs on one of these reports, so it cannot be deleted. Nothing was deleted."
