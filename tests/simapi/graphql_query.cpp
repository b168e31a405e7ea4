#include "tests/simapi/graphql_query.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <stdexcept>

namespace simapi {
namespace {

constexpr size_t deepest = 16;

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("Syntax Error: " + what);
}

bool is_word(char each) {
  return std::isalnum(static_cast<unsigned char>(each)) || each == '_' || each == '.' || each == '-';
}

/// Words (with `$` in front: variables), texts with their first quote, and single signs. Commas are white space.
std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> result;
  for (size_t at = 0; at < text.size();) {
    auto begin = at;
    auto first = text[at++];
    if (first == ',' || std::isspace(static_cast<unsigned char>(first)))
      continue;
    if (first == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (first == '"') {
      auto end = text.find('"', at);
      if (end == text.npos)
        refuse("Unterminated string.");
      at = end;
    } else if (first == '$' || is_word(first)) {
      while (at < text.size() && is_word(text[at]))
        ++at;
    } else if (std::string_view{"{}():![]="}.find(first) == std::string_view::npos) {
      refuse("Unexpected character: \"" + std::string{first} + "\".");
    }
    result.emplace_back(text.substr(begin, at - begin));
    if (first == '"')
      ++at;
  }
  return result;
}

class query_parser {
public:
  explicit query_parser(std::string_view text) : tokens_(tokens_of(text)) {}

  graphql_field parse() {
    graphql_field root{"Query", {}, {}};
    if (takes("query")) {
      if (is_name())
        ++at_;
      read_definitions();
    }
    root.selection = read_selection(0);
    if (at_ < tokens_.size())
      refuse("Unexpected \"" + tokens_[at_] + "\".");
    return root;
  }

private:
  bool sees(std::string_view wanted) const { return at_ < tokens_.size() && tokens_[at_] == wanted; }

  bool takes(std::string_view wanted) {
    auto found = sees(wanted);
    at_ += found;
    return found;
  }

  void expect(std::string_view wanted) {
    if (!takes(wanted))
      refuse("Expected \"" + std::string{wanted} + "\", found "
             + (at_ < tokens_.size() ? '"' + tokens_[at_] + '"' : "<EOF>") + ".");
  }

  bool is_name() const {
    return at_ < tokens_.size()
           && (std::isalpha(static_cast<unsigned char>(tokens_[at_][0])) || tokens_[at_][0] == '_');
  }

  std::string read_name() {
    if (!is_name())
      expect("Name");
    return tokens_[at_++];
  }

  /// `($first: Int!, $after: String = null)`: only the names matter.
  void read_definitions() {
    if (!takes("("))
      return;
    while (at_ < tokens_.size() && !sees(")"))
      if (auto& each = tokens_[at_++]; each[0] == '$')
        variables_.insert(each);
    expect(")");
  }

  std::map<std::string, std::string> read_arguments() {
    std::map<std::string, std::string> result;
    if (!takes("("))
      return result;
    while (!sees(")")) {
      auto name = read_name();
      expect(":");
      if (at_ == tokens_.size() || std::string_view{"{}():![]="}.find(tokens_[at_][0]) != std::string_view::npos)
        refuse("Expected a variable, a number or a string behind \"" + name + ":\".");
      auto text = tokens_[at_++];
      if (text[0] == '$' && !variables_.contains(text))
        throw std::invalid_argument("Variable \"" + text + "\" is not defined.");
      result[name] = text[0] == '"' ? text.substr(1) : text;
    }
    expect(")");
    return result;
  }

  std::vector<graphql_field> read_selection(size_t depth) {
    if (depth > deepest)
      refuse("The query is nested too deep.");
    expect("{");
    std::vector<graphql_field> result;
    do {
      graphql_field made{read_name(), read_arguments(), {}};
      if (sees("{"))
        made.selection = read_selection(depth + 1);
      result.push_back(std::move(made));
    } while (!sees("}") && at_ < tokens_.size());
    expect("}");
    return result;
  }

  std::vector<std::string> tokens_;
  std::set<std::string> variables_;
  size_t at_ = 0;
};

} // namespace

const graphql_field* graphql_field::find(std::string_view wanted) const {
  auto found = std::ranges::find(selection, wanted, &graphql_field::name);
  return found == selection.end() ? nullptr : &*found;
}

graphql_field read_graphql(std::string_view text) {
  return query_parser{text}.parse();
}

} // namespace simapi
