"""Sales of a shop, and the mapping that makes events of them."""

SALES = """
    imports:
    - name: sales
      source: sales.csv
      slice: time >= '1970-01-03'
      events:
        namespace: crm
        profile: customer
        id: [receipt, line]
        type: purchase
        time: time
        properties:
          category: category
          amount: amount
          quantity: quantity
    """

SALES_DATA = """
    receipt,line,customer,time,category,amount,quantity
    r1,1,7,1970-01-02T00:00:00Z,yoga,12.5,1
    r1,2,7,1970-01-02T00:00:00Z,,2.5,
    r2,1,7,1970-01-03,running,30,2
    r3,1,8,1970-01-04 12:30:00.5,yoga,1e1,3
    """
