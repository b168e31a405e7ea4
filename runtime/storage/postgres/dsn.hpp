#pragma once

#include <caf/error.hpp>

#include <string>

/// A DSN holds a password, and libpq quotes what it cannot use.
namespace lode {

/// Whether libpq can read `dsn`. errc::bad_argument says what is wrong with it and shows nothing of it: where quotes are
/// missing, anything may be a part of the password.
caf::error check_dsn(const std::string& dsn);

/// `text` without the passwords that stand in `dsn`.
std::string without_passwords(std::string text, const std::string& dsn);

} // namespace lode
