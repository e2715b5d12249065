from products import sales_by_product


class FixedRows:
    def rows(self, statement, **parameters):
        return [["Pearly Pies", "3", "7", "41.5"]]


def test_cells_become_numbers():
    assert sales_by_product(FixedRows()) == [["Pearly Pies", 3, 7, 41.5]]
