#include "runtime/security/sealer.hpp"

#include "runtime/security/fingerprint.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/type_ids.hpp"

namespace lode {

namespace {

using testing::HasSubstr;
using testing::Not;

class folder {
public:
  folder() { path_ = mkdtemp(pattern_.data()); }
  ~folder() {
    unlink(file("key").c_str());
    rmdir(path_.c_str());
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string pattern_ = "/tmp/lode-sealer-XXXXXX";
  std::string path_;
};

void write(const std::string& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream{path} << text;
  chmod(path.c_str(), mode);
}

sealer with_key(char byte) {
  return *sealer::from_bytes(std::string(32, byte));
}

TEST(sealer, opens_what_it_sealed) {
  auto keeper = with_key('a');
  for (const auto& plain : {std::string{}, std::string{"token"}, std::string("zero\0inside", 11)})
    EXPECT_EQ(*keeper.open(keeper.seal(plain)), plain);
}

TEST(sealer, never_shows_the_plain_text_and_never_seals_alike) {
  auto keeper = with_key('a');
  auto sealed = keeper.seal("a secret token");
  EXPECT_THAT(sealed, Not(HasSubstr("secret")));
  EXPECT_NE(sealed, keeper.seal("a secret token"));
  EXPECT_EQ(sealed[0], 1);
}

TEST(sealer, refuses_every_altered_byte) {
  auto keeper = with_key('a');
  const auto sealed = keeper.seal("token");
  for (size_t i = 0; i < sealed.size(); ++i) {
    auto altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(keeper.open(altered)) << "byte " << i;
  }
  for (size_t length = 0; length < sealed.size(); ++length)
    EXPECT_FALSE(keeper.open(sealed.substr(0, length)));
}

TEST(sealer, names_both_keys_when_the_key_is_another) {
  auto other = with_key('b');
  auto opened = other.open(with_key('a').seal("token"));
  ASSERT_FALSE(opened);
  EXPECT_THAT(to_string(opened.error()), HasSubstr(other.key_name()));
  EXPECT_THAT(to_string(opened.error()), HasSubstr(with_key('a').key_name()));
}

TEST(sealer, opens_with_a_former_key_and_seals_with_the_new_one) {
  auto changed = with_key('b').also_opening(with_key('a'));
  EXPECT_EQ(*changed.open(with_key('a').seal("old")), "old");
  EXPECT_TRUE(with_key('b').open(changed.seal("new")));
}

TEST(sealer, key_file_is_made_once_for_its_owner_only) {
  folder place;
  ASSERT_FALSE(random_key_file(place.file("key")));
  struct stat facts {};
  stat(place.file("key").c_str(), &facts);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  auto keeper = sealer::from_file(place.file("key"));
  ASSERT_TRUE(keeper);
  EXPECT_EQ(random_key_file(place.file("key")), errc::conflict);
  EXPECT_EQ(*sealer::from_file(place.file("key"))->open(keeper->seal("x")), "x");
}

TEST(sealer, says_what_is_wrong_with_a_key_file) {
  folder place;
  EXPECT_THAT(to_string(sealer::from_file(place.file("key")).error()), HasSubstr(place.file("key")));
  write(place.file("key"), "short");
  EXPECT_THAT(to_string(sealer::from_file(place.file("key")).error()), HasSubstr("64 hexadecimal digits"));
  write(place.file("key"), std::string(64, 'a'), 0644);
  EXPECT_THAT(to_string(sealer::from_file(place.file("key")).error()), HasSubstr("chmod 600"));
}

TEST(sealer, takes_its_key_from_the_environment) {
  setenv("LODE_TEST_KEY", std::string(64, '6').c_str(), 1);
  EXPECT_EQ(*sealer::from_environment("LODE_TEST_KEY")->open(with_key('\x66').seal("x")), "x");
  setenv("LODE_TEST_KEY", "not a key", 1);
  auto refused = to_string(sealer::from_environment("LODE_TEST_KEY").error());
  EXPECT_THAT(refused, HasSubstr("LODE_TEST_KEY"));
  EXPECT_THAT(refused, Not(HasSubstr("not a key")));
  unsetenv("LODE_TEST_KEY");
  EXPECT_FALSE(sealer::from_environment("LODE_TEST_KEY"));
  EXPECT_FALSE(sealer::from_bytes("short"));
}

TEST(masking, shows_the_end_of_long_secrets_only) {
  EXPECT_EQ(masked("abcdefghijklmnop"), "****mnop");
  EXPECT_EQ(masked("short"), "****");
  EXPECT_EQ(masked(""), "****");
}

TEST(masking, hides_secrets_inside_a_text_in_both_encodings) {
  EXPECT_EQ(without_secrets("GET /x?t=a/b+c&u=a%2Fb%2Bc&v=a%2fb%2bc", {"a/b+c", "x"}), "GET /x?t=****&u=****&v=****");
}

} // namespace

TEST(fingerprint, names_a_secret_without_holding_it) {
  EXPECT_EQ(fingerprint("refresh-1").size(), 32u);
  EXPECT_EQ(fingerprint("refresh-1"), fingerprint("refresh-1"));
  EXPECT_NE(fingerprint("refresh-1"), fingerprint("refresh-2"));
}

} // namespace lode
