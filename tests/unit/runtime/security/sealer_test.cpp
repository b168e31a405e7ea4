#include "runtime/security/sealer.hpp"

#include "runtime/security/fingerprint.hpp"

#include <gmock/gmock.h>

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

TEST(sealer, takes_its_key_as_hexadecimal_digits_and_never_shows_what_was_given) {
  EXPECT_EQ(*sealer::from_hexadecimal(std::string(64, '6'))->open(with_key('\x66').seal("x")), "x");
  EXPECT_THAT(to_string(sealer::from_hexadecimal("not a key").error()), Not(HasSubstr("not a key")));
  EXPECT_FALSE(sealer::from_bytes("short"));
}

} // namespace

TEST(fingerprint, names_a_secret_without_holding_it) {
  EXPECT_EQ(fingerprint("refresh-1").size(), 32u);
  EXPECT_EQ(fingerprint("refresh-1"), fingerprint("refresh-1"));
  EXPECT_NE(fingerprint("refresh-1"), fingerprint("refresh-2"));
}

} // namespace lode
