"""What can go wrong here beyond the errors of every service."""

from servicekit.errors import Conflict, Forbidden, Invalid, Unauthenticated


class WrongCredentials(Unauthenticated):
    """Name, password, token or secret is wrong, or the account is locked; which of them is never said."""

    code = "wrong_credentials"
    vi = "Tên đăng nhập hoặc mật khẩu không đúng, hoặc phiên đã kết thúc. Hãy thử đăng nhập lại."
    en = "The name or password is wrong, or the session has ended. Try to sign in again."


class SecondFactorRequired(Unauthenticated):
    """The password was right, but the one-time code is missing, wrong, too old or already used."""

    code = "second_factor_required"
    vi = "Cần mã xác thực 6 số hiện trên ứng dụng, mỗi mã chỉ dùng một lần; hãy chờ mã kế tiếp hoặc dùng mã khôi phục."
    en = "The present 6-digit code is needed, each only once; wait for the next one or use a recovery code."


class CodeNotUsable(Unauthenticated):
    """The invitation or recovery code is wrong, used, replaced or expired; which of them is never said."""

    code = "code_not_usable"
    vi = "Mã mời hoặc mã khôi phục không đúng, đã dùng hoặc đã hết hạn. Hãy xin quản trị viên cấp mã mới."
    en = "The invitation or recovery code is wrong, used or expired. Ask your administrator for a new one."


class NotEnrolling(Conflict):
    """There is no authenticator app waiting to be confirmed, or the code does not fit it."""

    code = "not_enrolling"
    vi = "Chưa xác nhận được ứng dụng xác thực. Hãy thử mã kế tiếp hoặc bắt đầu đăng ký lại."
    en = "The authenticator app was not confirmed. Try its next code or begin the enrolment again."


class PasswordTooWeak(Invalid):
    """The password is too short, too common, or made of names, keyboard rows or repetition."""

    code = "password_too_weak"
    vi = "Mật khẩu chưa đủ mạnh: cần ít nhất {minimum} ký tự, không thuộc loại dễ đoán. Nên dùng một câu dài."
    en = "The password is too weak: at least {minimum} characters and none of the common ones. Use a long phrase."


class OutsideYourOrganisations(Forbidden):
    """The administrator looks after other organisations."""

    code = "outside_your_organisations"
    vi = "Tổ chức này không thuộc phạm vi quản trị của bạn."
    en = "This organisation is not among those you administer."


class OwnAccount(Forbidden):
    """Nobody decides on the own account: a second administrator is needed."""

    code = "own_account"
    vi = "Bạn không được tự cấp vai trò, khóa, mở khóa hay đặt lại mật khẩu cho chính mình. Hãy nhờ quản trị viên khác."
    en = "You may not grant roles to, lock, unlock or reset your own account. Ask another administrator."


class HouseMatter(Forbidden):
    """What holds for the whole house is decided at its top."""

    code = "house_matter"
    vi = "Việc này áp dụng cho toàn hệ thống, chỉ quản trị viên cấp thành phố được làm. Hãy liên hệ họ."
    en = "This holds for the whole system; only an administrator of the city may do it. Ask one of them."


class RoleNotGrantable(Invalid):
    """This kind of holder cannot have this role."""

    code = "role_not_grantable"
    vi = "Vai trò này không thể cấp cho loại tài khoản này."
    en = "This role cannot be given to this kind of account."


class UnknownOrganisation(Invalid):
    """The organisation does not exist or does not stand on that day."""

    code = "unknown_organisation"
    vi = "Tổ chức không tồn tại hoặc không còn hoạt động vào ngày này. Hãy chọn tổ chức hiện hành."
    en = "The organisation does not exist or does not stand on that day. Choose a present one."


class ManagedBySettings(Conflict):
    """The first administrator and the house's own clients are set up by the installation's secrets."""

    code = "managed_by_settings"
    vi = "Tài khoản này do cấu hình hệ thống quản lý, không thay đổi được ở đây."
    en = "This account is managed by the installation's settings and cannot be changed here."


class AssuranceTooLow(Forbidden):
    """The provider vouches for the person, but not at the level that counts here."""

    code = "assurance_too_low"
    vi = "Mức định danh của bạn chưa đủ. Hãy nâng mức định danh ở hệ thống đó rồi đăng nhập lại."
    en = "Your level of identity assurance is too low. Raise it at that provider, then sign in again."


class NotLinked(Forbidden):
    """The provider vouches for somebody who has no account here, and makes none."""

    code = "not_linked"
    vi = "Tài khoản này chưa được liên kết. Hãy đề nghị quản trị viên đơn vị liên kết tài khoản."
    en = "This identity is not linked to an account. Ask your organisation's administrator to link it."


class ProviderNotUsable(Invalid):
    """What was said about an identity provider cannot be used."""

    code = "provider_not_usable"
    vi = "Cấu hình hệ thống định danh chưa dùng được. Hãy xem các mục được nêu."
    en = "This identity provider cannot be used like that. See the listed fields."


class RedirectNotRegistered(Invalid):
    """The address to come back to is not one of the provider's, letter for letter (RFC 9700 §2.1)."""

    code = "redirect_not_registered"
    vi = "Địa chỉ quay về không đúng với địa chỉ đã đăng ký."
    en = "The address to come back to is not exactly one of those registered."


class UnknownOperation(Invalid):
    """A scope names an operation that no service has."""

    code = "unknown_operation"
    vi = "Phạm vi có thao tác không tồn tại. Hãy dùng tên thao tác (operationId) trong tài liệu API."
    en = "A scope names an operation that does not exist. Use the operationId of the API documents."


class TooManyCredentials(Conflict):
    """Two credentials are good already."""

    code = "too_many_credentials"
    vi = "Hệ thống này đang có hai khóa còn hiệu lực. Hãy kết thúc một khóa rồi thử lại."
    en = "Two credentials of this client are good at present. End one of them, then try again."


class OverlapTooLong(Invalid):
    """The old credential may not stay that long beside the new one."""

    code = "overlap_too_long"
    vi = "Khóa cũ chỉ được dùng song song tối đa {days} ngày kể từ bây giờ."
    en = "The old credential may stay good for at most {days} days from now."


class RuleNotNewer(Conflict):
    """A new version of a rule must follow the version it replaces."""

    code = "rule_not_newer"
    vi = "Phiên bản mới phải thay phiên bản hiện hành và có hiệu lực sau phiên bản đó. Hãy tải lại quy tắc."
    en = "A new version must replace the present one and begin after it. Reload the rule."


class SpanTooLong(Invalid):
    """The asked range of days is empty or too long."""

    code = "span_too_long"
    vi = "Khoảng ngày không hợp lệ: ngày cuối phải sau ngày đầu và cách không quá {days} ngày."
    en = "The range of days is not valid: the end must follow the start by at most {days} days."


class DayNamedTwice(Invalid):
    """A notice names a day more than once."""

    code = "day_named_twice"
    vi = "Một ngày được nêu nhiều lần. Hãy giữ mỗi ngày một dòng."
    en = "A day is named more than once. Keep one line a day."


class DayOutsideYear(Invalid):
    """A notice of one year names a day of another."""

    code = "day_outside_year"
    vi = "Có ngày không thuộc năm {year}. Hãy gửi thông báo riêng cho từng năm."
    en = "A day does not belong to {year}. Send one notice a year."


class RuleEnded(Conflict):
    """The rule's version already ends, or would end before it began."""

    code = "rule_ended"
    vi = "Phiên bản này đã có ngày hết hiệu lực, hoặc ngày được nêu trước ngày bắt đầu. Hãy tải lại quy tắc."
    en = "This version already has a last day, or the day given is before it began. Reload the rule."


class SpanReversed(Invalid):
    """What is valid ends before it begins."""

    code = "span_reversed"
    vi = "Ngày hết hiệu lực phải từ ngày bắt đầu có hiệu lực trở đi."
    en = "The last day must not be before the first."


class UnknownInstrument(Invalid):
    """The successor named does not exist, or is the instrument itself."""

    code = "unknown_instrument"
    vi = "Văn bản thay thế không tồn tại hoặc chính là văn bản này. Hãy chọn văn bản khác."
    en = "The replacing instrument does not exist or is this one. Choose another."
