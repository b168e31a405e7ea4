#include "runtime/security/redact.hpp"

#include <gtest/gtest.h>

using lode::is_secret_name;
using lode::redact;

TEST(redact_test, credentials_vanish_wherever_they_stand) {
  EXPECT_EQ(redact("GET https://a.b/p?access_token=EAAB.x-1&limit=5"), "GET https://a.b/p?access_token=***&limit=5");
  EXPECT_EQ(redact(R"({"client_secret": "s3\"x", "id": 4})"), R"({"client_secret": "***", "id": 4})");
  EXPECT_EQ(redact("Authorization: Bearer abcdefghijkl"), "Authorization: ***");
  EXPECT_EQ(redact("sent Bearer abcdefghijkl to it"), "sent Bearer *** to it");
  EXPECT_EQ(redact("host=db password=hunter2 dbname=x"), "host=db password=*** dbname=x");
  EXPECT_EQ(redact("postgres://u:pw@db/x and http://proxy:80/"), "postgres://***@db/x and http://proxy:80/");
  EXPECT_EQ(redact("X-Api-Key: 12345"), "X-Api-Key: ***");
  EXPECT_EQ(redact("GET /maps?key=AIzaSy&q=1"), "GET /maps?key=***&q=1");
}

TEST(redact_test, prose_stays_as_it_is) {
  for (auto text : {"the token was refused", "token: ", "basic facts", "page 3 of run 7", "", "secret", "next_token=5",
                    R"({"key":"post-1"})", "Key (id)=(5) exists", "monkey=1"})
    EXPECT_EQ(redact(text), text);
}

TEST(redact_test, names_of_secrets_are_known_in_any_spelling) {
  for (auto name : {"api_key", "API-Key", "accessToken", "password", "client_secret", "refresh_token"})
    EXPECT_TRUE(is_secret_name(name)) << name;
  for (auto name : {"key", "next_page_token", "name", "monkey", "start_date"})
    EXPECT_FALSE(is_secret_name(name)) << name;
}
