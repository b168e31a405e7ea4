#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/manifest/diagnostic.hpp"
#include "runtime/manifest/node.hpp"
#include "runtime/manifest/plan.hpp"

/// Reading typed components; beyond this folder for those who read settings of their own.
namespace lode {

using name_list = std::span<const std::string_view>;

/// What is gathered while one stream is compiled.
struct compilation {
  std::string file;
  std::vector<diagnostic> notes;
  /// Everything that was read and has an effect: equal for two writings of the same stream.
  std::string fingerprint;
};

/// One component of a manifest: reads fields, checks them and reports mistakes at their place.
class component {
public:
  component(compilation& into, const manifest_node_pointer& node, std::string path);

  const manifest_node& node() const { return *node_; }
  const std::string& path() const { return path_; }
  std::string type() const;

  /// The field, or null when absent or YAML null. Recorded in the fingerprint by the readers below only.
  const manifest_node* field(std::string_view name) const;
  bool has(std::string_view name) const { return field(name) != nullptr; }

  std::string text(std::string_view name, std::string otherwise = {}) const;
  bool flag(std::string_view name, bool otherwise) const;
  std::optional<int64_t> whole(std::string_view name) const;
  /// Absent fields yield the empty program.
  program code(std::string_view name, name_list names) const;
  std::optional<program> optional_code(std::string_view name, name_list names) const;
  program required_code(std::string_view name, name_list names) const;
  program compile(const manifest_node& from, const std::string& path, name_list names) const;
  template_entries entries(std::string_view name, name_list names) const;
  template_tree tree(const manifest_node& from, const std::string& path, name_list names) const;
  /// Texts of a list; one text counts as a list of one.
  std::vector<std::string> texts(std::string_view name) const;

  /// A field is text (one level) or a list of texts (its path); nothing when `from` is neither, which is reported.
  std::optional<field_path> path_in(const manifest_node& from, std::string_view name) const;
  /// A list of such fields. Not recorded in the fingerprint.
  std::vector<field_path> paths(std::string_view name) const;

  std::optional<component> child(std::string_view name) const;
  /// An empty component where this field, which is there, names something without settings.
  component bare_child(std::string_view name) const;
  /// Components of a list, or the single one.
  std::vector<component> children(std::string_view name) const;

  void error(std::string message, std::string_view at = {}) const;
  void unsupported(std::string message, std::string_view at = {}) const;
  void warning(std::string message, std::string_view at = {}) const;
  /// Reports `type` as not supported and names what is.
  void unsupported_type(std::string_view supported) const;
  /// Reports each of these fields that is there and not null, false or empty.
  void refuse(std::initializer_list<std::string_view> names) const;
  /// Reports each key that is none of these.
  void refuse_unknown(std::initializer_list<std::string_view> allowed) const;
  void record(std::string_view what) const;
  /// How many errors and unsupported things have been told so far, of the whole stream.
  size_t mistakes() const;

private:
  void note(diagnostic::level severity, std::string message, std::string_view at) const;

  compilation* into_;
  manifest_node_pointer node_;
  std::string path_;
  expression::value parameters_;
};

} // namespace lode
