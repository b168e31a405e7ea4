#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

namespace lode::test {

/// A folder in /tmp that ends with the object.
class test_folder {
public:
  test_folder() {
    std::string name = "/tmp/lode-jsonl.XXXXXX";
    if (!mkdtemp(name.data()))
      throw std::runtime_error{"cannot make a folder in /tmp"};
    path_ = name;
  }
  ~test_folder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  std::set<std::string> names() const {
    std::set<std::string> out;
    for (const auto& each : std::filesystem::directory_iterator{path_})
      out.insert(each.path().filename().string());
    return out;
  }
  std::string text_of(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream{path_ / name}.rdbuf();
    return out.str();
  }
  /// Of all files whose name ends so, in order of their names.
  std::string all_text(const std::string& ending) const {
    std::string out;
    for (const auto& name : names())
      if (name.ends_with(ending))
        out += text_of(name);
    return out;
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream{path_ / name} << text; }

private:
  std::filesystem::path path_;
};

} // namespace lode::test
