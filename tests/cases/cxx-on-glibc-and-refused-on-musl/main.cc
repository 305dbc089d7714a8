#include <iostream>
#include <stdexcept>
#include <vector>

int main()
{
    std::vector<int> one{1};
    try {
        return one.at(5);
    } catch (const std::out_of_range &) {
        std::cout << "caught" << std::endl;
    }
    return 0;
}
