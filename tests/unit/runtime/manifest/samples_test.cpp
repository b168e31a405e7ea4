#include "manifest_text.hpp"

#include <cstdlib>

namespace lode {
namespace {

/// Published manifests are not part of the repository: name a folder of them to try them all.
TEST(sample_manifests, load_or_say_exactly_what_is_missing) {
  auto* folder = std::getenv("LODE_MANIFEST_SAMPLES");
  if (folder == nullptr || !std::filesystem::is_directory(folder))
    GTEST_SKIP() << "LODE_MANIFEST_SAMPLES names no folder with manifests";
  size_t files = 0, supported = 0, unsupported = 0;
  for (auto& entry : std::filesystem::directory_iterator{folder}) {
    if (entry.path().extension() != ".yaml")
      continue;
    ++files;
    auto loaded = load_manifest(entry.path());
    ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
    for (auto& stream : loaded.plan->streams)
      supported += stream.is_selectable ? 1 : 0;
    for (auto& stream : loaded.plan->unsupported) {
      ++unsupported;
      ASSERT_FALSE(stream.reasons.empty()) << entry.path() << " " << stream.name;
      for (auto& reason : stream.reasons)
        EXPECT_TRUE(reason.line > 0 && !reason.message.empty()) << to_string(reason);
    }
  }
  std::cout << files << " manifests: " << supported << " streams run, " << unsupported << " need something that is missing\n";
  EXPECT_GT(files, 0u);
}

} // namespace
} // namespace lode
