#include "runtime/security/certificates.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "messages/actors.hpp"

using namespace lode;
using testing::AllOf;
using testing::HasSubstr;

namespace {

struct certificates_test : testing::Test {
  certificates_test() {
    std::string pattern = "/tmp/lode-certificates-XXXXXX";
    if (!::mkdtemp(pattern.data()))
      std::abort();
    folder = pattern;
  }
  ~certificates_test() override { std::filesystem::remove_all(folder); }

  node_certificates of_node(const std::string& node, uint32_t days = 30) {
    EXPECT_TRUE(make_authority(folder, "prod", 3'650));
    auto made = issue_certificate(folder, node, days);
    EXPECT_TRUE(made) << (made ? "" : message_of(made.error()));
    return {folder + "/" + node + ".pem", folder + "/" + node + ".key", folder + "/ca.pem"};
  }
  static void write(const std::string& path, const std::string& text) { std::ofstream{path} << text; }
  static std::string why(const node_certificates& files) {
    auto checked = check_certificates(files);
    return checked ? "accepted" : message_of(checked.error());
  }

  std::string folder;
};

mode_t mode_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777 : 0;
}

} // namespace

TEST_F(certificates_test, a_node_of_the_authority_is_accepted_and_says_how_long) {
  auto files = of_node("n1", 30);
  auto left = check_certificates(files);
  ASSERT_TRUE(left) << message_of(left.error());
  EXPECT_GT(*left, std::chrono::hours{24 * 29});
  EXPECT_LE(*left, std::chrono::hours{24 * 30});
}

TEST_F(certificates_test, keys_are_readable_by_their_owner_only) {
  of_node("n1");
  EXPECT_EQ(mode_of(folder + "/ca.key"), 0600u);
  EXPECT_EQ(mode_of(folder + "/n1.key"), 0600u);
}

TEST_F(certificates_test, the_folder_of_an_authority_is_made_for_its_owner_only) {
  auto place = folder + "/authority";
  ASSERT_TRUE(make_authority(place, "prod", 30));
  EXPECT_EQ(mode_of(place), 0700u);
  auto deeper = make_authority(folder + "/none/authority", "prod", 30);
  ASSERT_FALSE(deeper);
  EXPECT_THAT(message_of(deeper.error()), HasSubstr("none/authority cannot be made: No such file"));
}

TEST_F(certificates_test, nothing_is_overwritten) {
  auto files = of_node("n1");
  auto again = make_authority(folder, "prod", 10);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), errc::conflict);
  auto node = issue_certificate(folder, "n1", 10);
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error(), errc::conflict);
  EXPECT_THAT(message_of(node.error()), HasSubstr("n1.key exists"));
  EXPECT_EQ(why(files), "accepted");
}

TEST_F(certificates_test, a_lone_certificate_is_not_joined_by_a_new_key) {
  of_node("n1");
  std::filesystem::remove(folder + "/n1.key");
  auto node = issue_certificate(folder, "n1", 10);
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error(), errc::conflict);
  EXPECT_FALSE(std::filesystem::exists(folder + "/n1.key"));
}

TEST_F(certificates_test, names_that_are_paths_are_refused) {
  of_node("n1");
  for (const auto* name : {"../n2", "a/b", "", "ca", ".hidden"})
    EXPECT_FALSE(issue_certificate(folder, name, 10)) << name;
}

TEST_F(certificates_test, without_an_authority_it_says_how_to_make_one) {
  auto made = issue_certificate(folder, "n1", 10);
  ASSERT_FALSE(made);
  EXPECT_THAT(message_of(made.error()), HasSubstr("lode cluster init --directory " + folder));
}

TEST_F(certificates_test, a_file_that_is_missing_is_named_with_its_setting) {
  auto files = of_node("n1");
  files.key_file = folder + "/absent.key";
  EXPECT_THAT(why(files), AllOf(HasSubstr("cluster.key_file"), HasSubstr("absent.key"), HasSubstr("No such file"),
                                HasSubstr("lode cluster certificate")));
}

TEST_F(certificates_test, garbage_is_named_with_its_setting) {
  auto files = of_node("n1");
  write(files.certificate_file, "no certificate\n");
  EXPECT_THAT(why(files), AllOf(HasSubstr("cluster.certificate_file"), HasSubstr("holds no certificate")));
}

TEST_F(certificates_test, a_key_of_another_certificate_is_refused) {
  auto files = of_node("n1");
  ASSERT_TRUE(issue_certificate(folder, "n2", 30));
  files.key_file = folder + "/n2.key";
  EXPECT_THAT(why(files), AllOf(HasSubstr("n2.key"), HasSubstr("is not the key of")));
}

TEST_F(certificates_test, a_certificate_of_another_authority_is_refused) {
  auto files = of_node("n1");
  std::filesystem::create_directory(folder + "/other");
  ASSERT_TRUE(make_authority(folder + "/other", "other", 30));
  files.ca_file = folder + "/other/ca.pem";
  EXPECT_THAT(why(files), AllOf(HasSubstr("cluster.ca_file"), HasSubstr("is not accepted")));
}

TEST_F(certificates_test, a_certificate_that_is_over_is_refused) {
  auto files = of_node("n1", 0);
  EXPECT_THAT(why(files), HasSubstr("expired"));
}
