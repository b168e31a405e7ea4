#pragma once

#include <memory>
#include <string>

namespace lode::test {

/// A certificate and its key, as PEM text.
struct test_identity {
  std::string certificate;
  std::string key;
};

/// A certificate authority that lives as long as the test.
class test_authority {
public:
  test_authority();
  ~test_authority();

  /// An identity for a host name or IPv4 address; `lifetime_seconds` may be negative: expired.
  test_identity issue(const std::string& host, long lifetime_seconds = 3600) const;

  /// The authority's own certificate in a temporary PEM file.
  const std::string& file() const { return file_; }

private:
  struct state;
  std::unique_ptr<state> state_;
  std::string file_;
};

} // namespace lode::test
