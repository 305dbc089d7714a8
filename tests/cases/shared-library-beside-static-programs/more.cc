#include <string>

std::size_t length(const char *text);

std::size_t length(const char *text) {
    return std::string(text).size();
}
