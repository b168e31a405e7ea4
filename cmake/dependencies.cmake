# Everything Lode links, as imported targets named lode::*. Versions are Debian 12's; CAF comes from setup/caf.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED) # before CAF: CAF::openssl links it but does not look for it
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)

if(DEFINED ENV{LODE_CACHE})
  set(lode_cache $ENV{LODE_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(lode_cache $ENV{XDG_CACHE_HOME}/lode)
else()
  set(lode_cache $ENV{HOME}/.cache/lode)
endif()
if(LODE_SANITIZE STREQUAL "thread")
  set(lode_caf_flavour tsan) # only an instrumented CAF will do
  set(lode_caf_places ${lode_cache}/caf-0.18.7-tsan)
else()
  set(lode_caf_flavour "")
  set(lode_caf_places $ENV{CAF_ROOT} ${lode_cache}/caf-0.18.7)
endif()
find_package(CAF QUIET COMPONENTS core io openssl PATHS ${lode_caf_places} NO_DEFAULT_PATH)
if(NOT CAF_FOUND OR NOT CAF_VERSION VERSION_EQUAL 0.18.7)
  message(FATAL_ERROR "CAF 0.18.7 was not found in: ${lode_caf_places}; run: setup/caf ${lode_caf_flavour}")
endif()
add_library(lode_caf INTERFACE)
target_link_libraries(lode_caf INTERFACE CAF::core CAF::io CAF::openssl OpenSSL::SSL)
add_library(lode::caf ALIAS lode_caf)

# Boost 1.81: headers only. LODE_BOOST_INCLUDE names unpacked headers where another Boost is installed.
set(LODE_BOOST_INCLUDE "/usr/include" CACHE PATH "Folder that holds boost/version.hpp of Boost 1.81")
add_library(lode_boost INTERFACE)
if(NOT LODE_BOOST_INCLUDE STREQUAL "/usr/include")
  target_include_directories(lode_boost SYSTEM INTERFACE ${LODE_BOOST_INCLUDE})
endif()
target_compile_definitions(lode_boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
                           BOOST_BEAST_SEPARATE_COMPILATION BOOST_JSON_NO_LIB BOOST_URL_NO_LIB)
target_link_libraries(lode_boost INTERFACE Threads::Threads OpenSSL::SSL)
add_library(lode::boost ALIAS lode_boost)

foreach(entry pq=libpq hiredis=hiredis simdjson=simdjson xxhash=libxxhash yaml=yaml-cpp re2=re2 fmt=fmt spdlog=spdlog
              sodium=libsodium protobuf=protobuf)
  string(REPLACE "=" ";" entry ${entry})
  list(GET entry 0 name)
  list(GET entry 1 module)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
  add_library(lode::${name} ALIAS PkgConfig::${name})
endforeach()
find_package(date REQUIRED)
add_library(lode::date ALIAS date::date-tz)
