#include "examples/jsonl/change_files.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <ctime>
#include <system_error>

namespace lode::examples {

namespace {

namespace fs = std::filesystem;

bool may_stand_in_names(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

std::string file_name_of(std::string text) {
  std::ranges::replace_if(
    text, [](char c) { return !may_stand_in_names(c); }, '_');
  return text;
}

} // namespace

change_files::change_files(jsonl_settings settings, std::string who)
    : settings_(std::move(settings)), who_(file_name_of(std::move(who))),
      started_(fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr)))) {}

change_files::~change_files() {
  std::ignore = finish(); // what cannot be finished now is taken up later
}

caf::error change_files::take_up() {
  caf::error result;
  std::error_code trouble;
  for (fs::directory_iterator each{settings_.folder, trouble}, end; !trouble && each != end; each.increment(trouble)) {
    const auto name = each->path().filename().string();
    if (!name.starts_with(who_ + "-") || !name.ends_with(".jsonl.part"))
      continue;
    auto left = line_file::take_over(each->path());
    auto error = left ? std::move(*left).finish() : left.error();
    if (error && error != errc::conflict)
      result = std::move(error);
  }
  if (trouble)
    return caf::make_error(errc::unreachable,
                           "cannot read the folder " + settings_.folder.string() + ": " + trouble.message());
  return result;
}

caf::error change_files::append(std::string_view lines) {
  if (!file_)
    if (auto error = open())
      return error;
  auto error = file_->append(lines, settings_.syncs);
  // A disk may take no more of this file, but of the next one; and after an error what the system takes for written is not to be trusted.
  // What cannot be finished is taken up before the next file begins, which tells.
  if (error || file_->size() >= settings_.rotate_bytes.value)
    std::ignore = finish();
  return error;
}

caf::error change_files::finish() {
  if (!file_)
    return {};
  auto file = std::move(*file_);
  file_.reset();
  return std::move(file).finish();
}

caf::error change_files::open() {
  constexpr uint32_t tries = 1'000; // other lives of this node that began in the same second, with all their files
  if (auto error = take_up())
    return error;
  for (const auto last = count_ + tries; count_ < last;) {
    auto made = line_file::create(settings_.folder / fmt::format("{}-{}-{:06}.jsonl", who_, started_, ++count_));
    if (made) {
      file_.emplace(std::move(*made));
      return {};
    }
    if (made.error() != errc::conflict)
      return made.error();
  }
  return caf::make_error(errc::conflict, "no name is free in " + settings_.folder.string() + " for a file of " + who_);
}

} // namespace lode::examples
