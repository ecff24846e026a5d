import{L as u,w as r}from"./chunk-BEKVE4Z4.js";function e({ms:n}){return n==null?r("span",{class:"figures",children:"\u2013"}):r("span",{class:"figures",children:u(n)})}export{e as a};
