#include "tests/audit/truth.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/audit/could_not_audit.hpp"
#include "tests/audit/http_get.hpp"
#include "tests/audit/json_scan.hpp"

namespace audit {

namespace {

/// A JSON string's text, decoded. Names and keys are plain as a rule.
std::string decoded(std::string_view quoted) {
  if (quoted.size() >= 2 && quoted.front() == '"' && quoted.find('\\') == std::string_view::npos)
    return std::string{quoted.substr(1, quoted.size() - 2)};
  rapidjson::Document document;
  document.Parse(quoted.data(), quoted.size());
  if (document.HasParseError() || !document.IsString())
    throw could_not_audit{"truth: expected a string, found " + std::string{quoted.substr(0, 60)}};
  return {document.GetString(), document.GetStringLength()};
}

uint64_t number(std::string_view text) {
  uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{})
    throw could_not_audit{"truth: expected a number, found " + std::string{text.substr(0, 60)}};
  return value;
}

/// The list that begins here; each record's text is walked over once.
std::vector<served_version> served_versions(json_scan& scan) {
  std::vector<served_version> result;
  std::string_view key;
  for (scan.enter('['); scan.next_element();) {
    auto& item = result.emplace_back();
    for (scan.enter('{'); scan.next_member(key);) {
      auto value = scan.value();
      if (key == "version")
        item.number = number(value);
      else if (key == "record")
        item.text = value;
    }
    if (item.text.empty())
      throw could_not_audit{"truth: a served version lacks its record"};
  }
  return result;
}

truth_record parse_line(std::string_view line) {
  truth_record record;
  bool has_served = false, has_record = false;
  json_scan scan{line};
  std::string_view key;
  for (scan.enter('{'); scan.next_member(key);) {
    if (key == "served") {
      record.served = served_versions(scan);
      has_served = true;
      continue;
    }
    auto value = scan.value();
    if (key == "stream")
      record.stream = decoded(value);
    else if (key == "key")
      record.key = decoded(value);
    else if (key == "version")
      record.version = number(value);
    else if (key == "deleted")
      record.deleted = value == "true";
    else if (key == "deletes_sent")
      record.was_told_deleted = true;
    else if (key == "uncertain")
      record.uncertain = value == "true";
    else if (key == "record") {
      record.final = value;
      has_record = true;
    }
  }
  if (record.stream.empty() || record.key.empty() || !has_served || !has_record)
    throw could_not_audit{"truth: a line lacks stream, key, record or served: " + std::string{line.substr(0, 120)}};
  if (record.deleted)
    record.final = {};
  return record;
}

template <class Function>
void for_each_line(std::string_view text, Function function) {
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    if (end > 0)
      function(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

class http_truth : public truth_source {
public:
  explicit http_truth(std::string base) : base_(std::move(base)) {}

  std::vector<std::string> tenants() override {
    std::vector<std::string> names;
    auto text = http_get(base_, "/control/tenants");
    for_each_line(text, [&](std::string_view line) { names.push_back(decoded(member_text(line, "tenant"))); });
    return names;
  }

  truth_of_tenant read(const std::string& tenant) override {
    return parse_truth(http_get(base_, "/control/truth?tenant=" + tenant));
  }

private:
  std::string base_;
};

class file_truth : public truth_source {
public:
  explicit file_truth(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file)
      throw could_not_audit{"truth: cannot open '" + path + "'; expected a file of truth lines or http://HOST:PORT"};
    for (std::string line; std::getline(file, line);)
      if (!line.empty())
        texts_[decoded(member_text(line, "tenant"))].append(line).append("\n");
  }

  std::vector<std::string> tenants() override {
    std::vector<std::string> names;
    for (const auto& [name, text] : texts_)
      names.push_back(name);
    return names;
  }

  truth_of_tenant read(const std::string& tenant) override { return parse_truth(texts_.at(tenant)); }

private:
  std::map<std::string, std::string> texts_;
};

} // namespace

std::string_view member_text(std::string_view object, std::string_view wanted) {
  json_scan scan{object};
  std::string_view key;
  for (scan.enter('{'); scan.next_member(key);) {
    auto value = scan.value();
    if (key == wanted)
      return value;
  }
  return {};
}

truth_of_tenant parse_truth(std::string text) {
  truth_of_tenant truth{std::make_shared<const std::string>(std::move(text)), {}};
  for_each_line(*truth.text, [&](std::string_view line) { truth.records.push_back(parse_line(line)); });
  return truth;
}

std::unique_ptr<truth_source> open_truth(const std::string& where) {
  if (where.starts_with("http://"))
    return std::make_unique<http_truth>(where);
  return std::make_unique<file_truth>(where);
}

} // namespace audit
