"""What can go wrong here beyond the errors of every service."""

from servicekit.errors import Conflict, Forbidden, Invalid, Unauthenticated


class WrongCredentials(Unauthenticated):
    """Name, password, token or secret is wrong, or the account is locked; which of them is never said."""

    code = "wrong_credentials"
    vi = "Tên đăng nhập hoặc mật khẩu không đúng, hoặc phiên đã kết thúc. Hãy thử đăng nhập lại."
    en = "The name or password is wrong, or the session has ended. Try to sign in again."


class PasswordTooWeak(Invalid):
    """The password is too short, too common or made of the person's own name."""

    code = "password_too_weak"
    vi = "Mật khẩu chưa đủ mạnh: cần ít nhất {minimum} ký tự, không thuộc loại dễ đoán. Nên dùng một câu dài."
    en = "The password is too weak: at least {minimum} characters and none of the common ones. Use a long phrase."


class OutsideYourOrganisations(Forbidden):
    """The administrator looks after other organisations."""

    code = "outside_your_organisations"
    vi = "Tổ chức này không thuộc phạm vi quản trị của bạn."
    en = "This organisation is not among those you administer."


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
