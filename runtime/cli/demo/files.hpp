#pragma once

#include <string>

namespace lode::demo {

/// The whole file, or "" when there is none.
std::string read_text(const std::string& path);

/// Replaces the file as a whole, with rights 0600: a reader, also one after a crash, sees the old or the new text.
/// Throws failure.
void write_text(const std::string& path, const std::string& text);

/// A new key: 64 hexadecimal digits.
std::string random_key();

/// An exclusive hold on a file until the process ends. Throws failure when another process has it.
void hold_lock(const std::string& path);

} // namespace lode::demo
