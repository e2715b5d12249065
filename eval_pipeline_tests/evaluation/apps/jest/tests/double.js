const { double } = require("../double");

test("doubles", () => expect(double(4)).toBe(8));
test("knows the variables of the script", () => expect(process.env.FACTOR).toBe("2"));
test.skip("later", () => {});
