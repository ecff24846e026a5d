import{M as u,x as r}from"./chunk-ABXUTTQ4.js";function e({ms:n}){return n==null?r("span",{class:"figures",children:"\u2013"}):r("span",{class:"figures",children:u(n)})}export{e as a};
